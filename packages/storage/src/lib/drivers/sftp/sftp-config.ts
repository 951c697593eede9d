import { type ExternalStorageSpec, TapedeckError } from '@tapedeck/core';
import type { CredentialValues } from '../../credentials.ts';
import { type HostKeyPin, parseHostKey } from './sftp-host-key.ts';
import { readPrivateKey } from './sftp-private-key.ts';

export const DEFAULT_PORT = 22;

/** A directory on a server, with everything decided that needs no network. */
export interface SftpConfig {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly login: { readonly password: string } | { readonly privateKey: string };
  /** None: see `trustOnFirstUse`. */
  readonly hostKeys: readonly HostKeyPin[];
  readonly trustOnFirstUse: boolean;
  /** Without a closing slash; '' is where the login lands. */
  readonly directory: string;
}

export function readSftpConfig(spec: ExternalStorageSpec, credentials: CredentialValues): SftpConfig {
  const { sftp } = spec;
  if (sftp === undefined) throw new TapedeckError('InvalidManifest', 'spec.sftp is missing.');
  return {
    host: readHost(sftp.host),
    port: sftp.port ?? DEFAULT_PORT,
    ...readLogin(credentials),
    hostKeys: (sftp.hostKeys ?? []).map((entry, index) =>
      parseHostKey(entry, `spec.sftp.hostKeys[${index}]`),
    ),
    trustOnFirstUse: sftp.trustOnFirstUse ?? false,
    directory: readDirectory(sftp.directory ?? ''),
  };
}

/** IPv6 addresses may stand in brackets, as in URLs. */
function readHost(host: string): string {
  const bare = /^\[([0-9a-f:.%]+)\]$/i.exec(host)?.[1] ?? host;
  if (/[/@\s]/.test(bare)) {
    throw new TapedeckError(
      'InvalidManifest',
      'spec.sftp.host must be a host name or an address alone: no sftp://, no user, no path.',
    );
  }
  return bare;
}

function readLogin(credentials: CredentialValues): Pick<SftpConfig, 'username' | 'login'> {
  const { username, password, privateKey, passphrase } = credentials;
  if (!username) throw lacks('username');
  if (privateKey)
    return { username, login: { privateKey: readPrivateKey(privateKey, passphrase || undefined) } };
  if (!password) throw lacks('password or privateKey');
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(password)) {
    throw new TapedeckError(
      'InvalidCredentials',
      "password of the storage's credentials is a private key; call it privateKey.",
    );
  }
  return { username, login: { password } };
}

function lacks(what: string): TapedeckError {
  return new TapedeckError(
    'InvalidCredentials',
    `The storage's credentials lack ${what}; SFTP takes username with password, or with privateKey (and passphrase).`,
  );
}

function readDirectory(directory: string): string {
  if (directory === '~' || directory.startsWith('~/')) {
    throw new TapedeckError(
      'InvalidManifest',
      'spec.sftp.directory starts with ~, which SFTP does not know; a path without a leading slash is taken from where the login lands.',
    );
  }
  if (directory.includes('\0')) {
    throw new TapedeckError('InvalidManifest', 'spec.sftp.directory holds a NUL.');
  }
  return directory === '/' ? '/' : directory.replace(/\/+$/, '');
}
