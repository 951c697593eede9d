import { type CopyFile, type RunFile, TapedeckError, type UploadJournal } from '@tapedeck/core';
import type { Store } from '@tapedeck/storage';
import type { RunLog } from '../run-log.ts';
import type { CopyBook } from './copy-book.ts';
import { contentTypeOf } from './copy-content.ts';
import { type CopySource, openCopySource } from './copy-source.ts';
import { findCopy } from './copy-target.ts';

export interface CopyFileOptions {
  readonly wanted: CopyFile;
  readonly attempt: number;
  readonly stores: ReadonlyMap<string, Store>;
  /** Storages of the run that could not be opened, with why. */
  readonly refused: ReadonlyMap<string, TapedeckError>;
  readonly target: Store;
  readonly book: CopyBook;
  readonly log: RunLog;
  readonly persist: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** Copies one file, or goes on where an earlier attempt broke off; one that is copied already is left alone. */
export async function copyOneFile(options: CopyFileOptions): Promise<void> {
  const { wanted, book, target, log, persist } = options;
  const { key } = wanted;
  const before = book.file(key);
  if (before?.state === 'Complete') return;
  const source = await openCopySource(wanted, options.stores, options.refused);
  const journal = journalToGoOn(before, source);
  if (before?.journal !== undefined && journal === undefined) await dropUpload(before, target, book);
  if (journal === undefined) {
    const there = await findCopy(target, key, source, options.signal);
    if (there !== undefined) {
      book.setFile(key, completeFile(options, source, there));
      book.notice({
        reason: 'AlreadyCopied',
        message: `${there.url} was there already, with the same content; it was not written again.`,
      });
      await persist();
      return;
    }
  }
  try {
    const copied = await transfer(options, source, journal);
    book.setFile(key, completeFile(options, source, copied));
    log.info('Copied', { key, bytes: copied.size, from: source.storage, resumed: journal !== undefined });
  } catch (error) {
    await onFailure(error, options, source, journal);
  }
  await persist();
}

/**
 * The upload that an earlier attempt left, if what it was read from is still the same: the same version of the object,
 * or one with the same checksum in another storage.
 */
export function journalToGoOn(before: RunFile | undefined, source: CopySource): UploadJournal | undefined {
  const { journal, copyOf, bytes } = before ?? {};
  if (journal === undefined || journal.token === null || bytes !== source.bytes) return undefined;
  const sameObject = copyOf?.storage === source.storage && copyOf.key === source.key;
  // A checksum over all of it is looked at before anything is completed.
  const same = sameObject ? copyOf.etag === source.etag : source.crc32 !== undefined;
  return same ? journal : undefined;
}

async function transfer(
  { wanted, attempt, target, book, persist, signal }: CopyFileOptions,
  source: CopySource,
  journal: UploadJournal | undefined,
) {
  const { key, segment, durationSeconds } = wanted;
  const { storage, key: sourceKey, etag } = source;
  return await target.transfer({
    key,
    contentType: contentTypeOf(key),
    size: source.bytes,
    ...(source.crc32 === undefined ? {} : { crc32: source.crc32 }),
    ...(journal === undefined ? {} : { journal }),
    read: (range, each) => source.read(range, each),
    async onJournal(next) {
      book.setFile(key, {
        segment,
        attempt,
        key,
        storage: target.name,
        state: 'Open',
        bytes: source.bytes,
        durationSeconds,
        copyOf: { storage, key: sourceKey, ...(etag === undefined ? {} : { etag }) },
        journal: next,
      });
      await persist();
    },
    onProgress: (bytes) => book.setHeld(key, bytes),
    signal,
  });
}

/** An upload that cannot become the file is dropped; one that can is left for the next attempt. */
async function onFailure(
  error: unknown,
  options: CopyFileOptions,
  source: CopySource,
  journal: UploadJournal | undefined,
): Promise<void> {
  const { wanted, book, target, persist, signal } = options;
  const { code } = TapedeckError.from(error);
  const open = book.file(wanted.key);
  if (code === 'UploadGone' && journal !== undefined) {
    // Completed by an attempt that was killed before it could say so, or cleared away by the storage.
    book.setFile(wanted.key, undefined);
    const there = await findCopy(target, wanted.key, source, signal);
    if (there !== undefined) {
      book.setFile(wanted.key, completeFile(options, source, there));
      return;
    }
    await persist();
    throw new TapedeckError(
      'StorageUnavailable',
      `The unfinished upload of ${wanted.key} is gone from storage ${target.name}; it begins anew.`,
      { cause: error },
    );
  }
  if (code === 'ChecksumMismatch' || code === 'PartMismatch') {
    if (open !== undefined) await dropUpload(open, target, book);
    await persist();
  }
  throw error;
}

/** Where even that is refused, the storage's own rule for unfinished uploads clears it away. */
export async function dropUpload(file: RunFile, target: Store, book: CopyBook): Promise<void> {
  if (file.journal !== undefined) await target.abortFromJournal(file.journal).catch(() => undefined);
  book.setFile(file.key, undefined);
}

function completeFile(
  { wanted, attempt, target }: CopyFileOptions,
  source: CopySource,
  copied: { readonly size: number; readonly crc32: string; readonly url: string },
): RunFile {
  const { storage, key, etag } = source;
  return {
    segment: wanted.segment,
    attempt,
    key: wanted.key,
    storage: target.name,
    state: 'Complete',
    bytes: copied.size,
    durationSeconds: wanted.durationSeconds,
    crc32: copied.crc32,
    url: copied.url,
    copyOf: { storage, key, ...(etag === undefined ? {} : { etag }) },
  };
}
