import { type ErrorCode, TapedeckError } from '@tapedeck/core';

/** What the file system says, as one of our codes; whatever is not here stays `Unknown`. */
const codes: Readonly<Record<string, { code: ErrorCode; hint: string }>> = {
  ENOSPC: { code: 'StorageFull', hint: 'the disk is full; free some space' },
  EDQUOT: { code: 'StorageFull', hint: 'the quota is used up; free some space' },
  EFBIG: { code: 'StorageFull', hint: 'the file system takes no file of that size' },
  EACCES: { code: 'StorageDenied', hint: 'permission denied; give the recorder write access' },
  EPERM: { code: 'StorageDenied', hint: 'not permitted; give the recorder write access' },
  EROFS: { code: 'StorageDenied', hint: 'the file system is read-only' },
  ENOTDIR: {
    code: 'BucketNotFound',
    hint: 'a part of the path is a file, not a directory; choose another one',
  },
  ENAMETOOLONG: {
    code: 'InvalidManifest',
    hint: 'the name is too long for the file system; shorten the prefix or the path',
  },
  EIO: { code: 'StorageUnavailable', hint: 'the disk does not answer properly' },
  ESTALE: { code: 'StorageUnreachable', hint: 'the network file system is gone' },
  ETIMEDOUT: { code: 'StorageUnreachable', hint: 'the network file system does not answer' },
};

/** `what`: the failed call and its file, e.g. `Writing /srv/recordings/a.mp4.part`. */
export function translateLocalError(what: string, error: unknown): TapedeckError {
  if (error instanceof TapedeckError) return error;
  const errno = errnoOf(error);
  const known = errno === undefined ? undefined : codes[errno];
  if (known === undefined) {
    const message = error instanceof Error ? error.message : String(error);
    return new TapedeckError('Unknown', `${what} failed: ${message}`, { cause: error });
  }
  return new TapedeckError(known.code, `${what} failed: ${known.hint} (${errno}).`, { cause: error });
}

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
