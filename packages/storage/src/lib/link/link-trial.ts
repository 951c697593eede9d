import { TapedeckError } from '@tapedeck/core';

/** A link, and what may be said of it. */
export interface LinkTrial {
  /** Never to be shown in a message. */
  readonly signed: string;
  /** The object, for people: `s3://bucket/key`. */
  readonly target: string;
  /** Name of the storage. */
  readonly storage: string;
}

/** A file without bytes has no first one. */
const EMPTY = 416;

/**
 * Asks for the first byte by a link. Where the signature is refused, the address without it may still open, in a bucket
 * that all may read; then `open` is true.
 */
export async function tryLink(
  { signed, target, storage }: LinkTrial,
  signal: AbortSignal,
): Promise<{ readonly bare: string; readonly open: boolean }> {
  const bare = signed.replace(/[?#].*$/s, '');
  const status = await firstByte(signed, target, signal);
  if (opens(status)) return { bare, open: false };
  if ([400, 401, 403].includes(status) && opens(await firstByte(bare, target, signal))) {
    return { bare, open: true };
  }
  throw refusal(status, target, storage);
}

function opens(status: number): boolean {
  return (status >= 200 && status < 300) || status === EMPTY;
}

/** The status with which the first byte is answered. Whatever fails, the link is in no message. */
export async function firstByte(link: string, target: string, signal: AbortSignal): Promise<number> {
  try {
    const answer = await fetch(link, { headers: { range: 'bytes=0-0' }, signal });
    await answer.body?.cancel();
    return answer.status;
  } catch {
    // What fetch says may quote the address, and with it the signature: none of it is passed on.
    if (signal.aborted) throw new TapedeckError('Aborted', `Trying a link to ${target} was aborted.`);
    throw new TapedeckError(
      'StorageUnreachable',
      `A link to ${target} could not be tried: nobody answers there.`,
    );
  }
}

function refusal(status: number, target: string, storage: string): TapedeckError {
  if (status === 404) {
    return new TapedeckError('NotFound', `There is no ${target} any more: it was deleted or moved.`);
  }
  if (status === 401 || status === 403) {
    return new TapedeckError(
      'StorageDenied',
      `A link to ${target} opens nothing (${status}): it may do what its signer may, and that one may not read. "tapedeck storage policy ${storage} --with links" prints the right; or have the bucket's owner fetch the file.`,
    );
  }
  if (status >= 500 || status === 429) {
    return new TapedeckError('StorageUnavailable', `A link to ${target} answers ${status}; try again.`);
  }
  return new TapedeckError(
    'NotSupported',
    `A link to ${target} answers ${status}: it cannot be opened by its address alone (objects with a key of yours need the key with every request).`,
  );
}
