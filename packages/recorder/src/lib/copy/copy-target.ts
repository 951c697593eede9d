import { TapedeckError } from '@tapedeck/core';
import type { Store } from '@tapedeck/storage';
import { crc32OfObject } from './copy-checksum.ts';
import type { CopySource } from './copy-source.ts';

/**
 * Looks whether the place of a copy is free: undefined where it is, or where we may not look. An object with the same
 * content is the copy; any other is left alone, and `AlreadyExists` says so. What appears after this look is refused by
 * Azure, SFTP, a local directory and a resumable session of GCS when the copy is completed; S3 and GCS's multipart uploads
 * replace it.
 */
export async function findCopy(
  target: Store,
  key: string,
  source: Pick<CopySource, 'bytes' | 'crc32'>,
  signal: AbortSignal,
): Promise<{ readonly size: number; readonly crc32: string; readonly url: string } | undefined> {
  const size = await sizeOf(target, key);
  if (size === undefined) return undefined;
  const url = target.url(key);
  const exists = (what: string) =>
    new TapedeckError(
      'AlreadyExists',
      `${url} is there already${what}; a copy replaces nothing. Delete it, or copy to another directory.`,
    );
  if (size !== source.bytes || source.crc32 === undefined) throw exists(`, with ${size} bytes`);
  const crc32 = await crc32OfObject(target, key, signal).catch((error: unknown) => {
    const { retry } = TapedeckError.from(error);
    if (retry === 'stalled' && !signal.aborted) throw exists(', and may not be read to compare it');
    throw error;
  });
  if (crc32 !== source.crc32) throw exists(', with other content of the same length');
  return { size, crc32, url };
}

/** Undefined where there is nothing, or where we may write and not look. */
async function sizeOf(target: Store, key: string): Promise<number | undefined> {
  try {
    return (await target.head(key)).size;
  } catch (error) {
    const { code } = TapedeckError.from(error);
    if (code === 'NotFound' || code === 'StorageDenied' || code === 'NotSupported') return undefined;
    throw error;
  }
}
