import { type ErrorCode, TapedeckError } from '@tapedeck/core';
import { networkCode } from '../network-codes.ts';

/** Statuses of SFTP (draft-ietf-secsh-filexfer-13, section 9.1); nearly all servers speak version 3, which ends at 8. */
export const sftpStatus = {
  Eof: 1,
  NoSuchFile: 2,
  PermissionDenied: 3,
  Failure: 4,
  BadMessage: 5,
  NoConnection: 6,
  ConnectionLost: 7,
  Unsupported: 8,
  NoSpace: 14,
  QuotaExceeded: 15,
} as const;

const statuses: Readonly<Record<number, { code: ErrorCode; hint: string }>> = {
  [sftpStatus.NoSuchFile]: { code: 'NotFound', hint: 'there is no such file or directory' },
  // OpenSSH says so of a name that is too long, too.
  [sftpStatus.BadMessage]: { code: 'InvalidManifest', hint: 'the server’s file system takes no such name' },
  [sftpStatus.NoConnection]: { code: 'StorageUnreachable', hint: 'the server lost its connection' },
  [sftpStatus.ConnectionLost]: { code: 'StorageUnreachable', hint: 'the server lost its connection' },
  [sftpStatus.Unsupported]: { code: 'NotSupported', hint: 'the server does not know this operation' },
  [sftpStatus.NoSpace]: { code: 'StorageFull', hint: 'the disk is full; free some space there' },
  [sftpStatus.QuotaExceeded]: { code: 'StorageFull', hint: 'the quota is used up; raise it' },
};

/** What the SSH library says in words only. */
const sentences: readonly { readonly words: RegExp; readonly code: ErrorCode; readonly hint: string }[] = [
  {
    words: /All configured authentication methods failed/,
    code: 'StorageUnauthenticated',
    hint: 'the server refuses this user name with this password or key; check both, and the user’s authorized_keys',
  },
  {
    words: /Timed out while waiting for handshake|Keepalive timeout/,
    code: 'StorageTimeout',
    hint: 'the server accepts the connection and says nothing',
  },
  {
    words:
      /Connection lost before handshake|Invalid identification|Protocol version not supported|Invalid greeting|Invalid header|Max greeting|Max header|Bad packet length/i,
    code: 'StorageUnreachable',
    hint: 'what answers there does not speak SSH; check host and port',
  },
  {
    words: /no matching (.*)/i,
    code: 'StorageUnreachable',
    hint: 'server and recorder have no algorithm in common; bring the SSH server up to date',
  },
  {
    words: /Unable to start subsystem|Unable to exec|Expected VERSION packet|Packet length \d+ exceeds/,
    code: 'StorageDenied',
    hint: 'the login works, but this user gets no SFTP; give it `Subsystem sftp` or `ForceCommand internal-sftp`',
  },
  {
    words:
      /No response from server|Connection lost|Unexpected (close|end) event|Not connected|Channel open failure/,
    code: 'StorageUnreachable',
    hint: 'the connection broke',
  },
];

export interface SftpCall {
  /** The failed call and its target, e.g. `Writing sftp://host/a.mp4`. */
  readonly what: string;
  /** What the user needs on the server where it is denied. */
  readonly needs: string;
}

/** The signal is that of the call: an error after it fired is the abort, whatever it calls itself. */
export function translateSftpError(call: SftpCall, error: unknown, signal?: AbortSignal): TapedeckError {
  if (signal?.aborted) {
    return new TapedeckError('Aborted', `${call.what} was aborted.`, { cause: error });
  }
  if (error instanceof TapedeckError) return error;
  const { code, hint } = recognise(call, error);
  return new TapedeckError(code, `${call.what} failed: ${hint}.`, { cause: error });
}

function recognise({ needs }: SftpCall, error: unknown): { code: ErrorCode; hint: string } {
  const words = error instanceof Error ? error.message : String(error);
  const status = statusOf(error);
  if (status === sftpStatus.PermissionDenied) {
    return { code: 'StorageDenied', hint: `permission denied; the user must be able to ${needs}` };
  }
  if (status === sftpStatus.Failure && /no space|disk.{0,8}full|quota/i.test(words)) {
    return {
      code: 'StorageFull',
      hint: `${words.replace(/\.$/, '')}; free some space there or raise the quota`,
    };
  }
  const known = status === undefined ? undefined : statuses[status];
  if (known !== undefined) return known;
  const network = networkCode(error);
  if (network !== undefined) {
    return {
      code: network,
      hint: `${socketCodeOf(error)}; check host, port, DNS and the network in between`,
    };
  }
  const sentence = status === undefined ? sentences.find((one) => one.words.test(words)) : undefined;
  if (sentence !== undefined) return sentence;
  return { code: 'Unknown', hint: `the server says only ${JSON.stringify(words)}` };
}

/** The status that the server answered; undefined for what is no answer. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

function socketCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
