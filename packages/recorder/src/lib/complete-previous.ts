import { type RunFile, type RunSpec, TapedeckError, type UploadJournal } from '@tapedeck/core';
import { completeFallback, type Store } from '@tapedeck/storage';
import type { RunContext } from './run.ts';
import type { RunLog } from './run-log.ts';
import { spoolDirectory } from './scratch.ts';

interface CompleteOptions {
  readonly spec: RunSpec;
  readonly stores: ReadonlyMap<string, Store>;
  readonly signal: AbortSignal;
  readonly log: RunLog;
}

/** Nothing of the file is to be completed. A storage that was left and cannot be asked leaves it to its lifecycle rule. */
async function dropUploads(
  { dropped = [] }: RunFile,
  journal: UploadJournal,
  stores: ReadonlyMap<string, Store>,
): Promise<void> {
  for (const left of dropped)
    await stores
      .get(left.storage)
      ?.abortFromJournal(left)
      .catch(() => undefined);
  await stores.get(journal.storage)?.abortFromJournal(journal);
}

/** In the storage that has it, or, from scratch, in the next one that takes it. */
async function completeFallbackFile(
  file: RunFile,
  journal: UploadJournal,
  { spec, stores, signal, log }: CompleteOptions,
): Promise<RunFile | undefined> {
  const { journal: _journal, dropped = [], heldSeconds: _held, ...rest } = file;
  try {
    const object = await completeFallback({
      stores: [...stores.values()],
      journal,
      dropped,
      spoolDirectory: spoolDirectory(spec, file.attempt, file.segment),
      ...(spec.fallbackAfterSeconds === undefined ? {} : { fallbackAfterSeconds: spec.fallbackAfterSeconds }),
      signal,
    });
    log.info('PreviousCompleted', { key: file.key, bytes: object.size, storage: object.storage });
    const share = file.bytes > 0 ? Math.min(1, object.size / file.bytes) : 1;
    return {
      ...rest,
      storage: object.storage,
      state: 'Complete',
      // Scratch ends between fragments, a little before what its run had said.
      durationSeconds: file.durationSeconds * share,
      bytes: object.size,
      url: object.url,
    };
  } catch (error) {
    if (TapedeckError.from(error).code !== 'NotFound' || journal.parts.length > 0) throw error;
    await dropUploads(file, journal, stores);
    log.warn('PreviousEmpty', { key: file.key, recordedSeconds: file.durationSeconds });
    return undefined;
  }
}

/**
 * Completes what an earlier attempt left open, from its journal alone: the file then plays up to its last
 * fragment, and a zombie's further parts are refused. A file without media is dropped: there are no empty objects.
 */
async function completePrevious(file: RunFile, options: CompleteOptions): Promise<RunFile | undefined> {
  if (file.state === 'Complete') return file;
  const { journal } = file;
  if (journal === undefined) return undefined;
  const { stores, spec, signal } = options;
  if (file.durationSeconds > 0 && spec.storages.length > 1 && spec.storageMode !== 'Mirror')
    return completeFallbackFile(file, journal, options);
  const store = stores.get(journal.storage);
  if (store === undefined)
    throw new TapedeckError(
      'NotFound',
      `${journal.key} waits to be completed in storage ${journal.storage}, which this recording no longer names; name it again.`,
    );
  if (file.durationSeconds === 0) {
    await dropUploads(file, journal, stores);
    return undefined;
  }
  const spool = spoolDirectory(spec, file.attempt, file.segment);
  let object: Awaited<ReturnType<Store['completeFromJournal']>>;
  try {
    object = await store.completeFromJournal(journal, { spoolDirectory: spool, signal });
  } catch (error) {
    // Killed before its first part was sent: asking again brings nothing, and the recording has to end.
    const nothing = TapedeckError.from(error).code === 'NotFound' && journal.parts.length === 0;
    if (!nothing) throw error;
    await store.abortFromJournal(journal);
    options.log.warn('PreviousEmpty', { key: file.key, recordedSeconds: file.durationSeconds });
    return undefined;
  }
  options.log.info('PreviousCompleted', { key: file.key, bytes: object.size });
  const { journal: _completed, heldSeconds = file.durationSeconds, ...rest } = file;
  // Without what was on its way the file is shorter than its run had said.
  const durationSeconds = object.size < file.bytes ? heldSeconds : file.durationSeconds;
  return { ...rest, state: 'Complete', durationSeconds, bytes: object.size, url: object.url };
}

/** Completes every file that earlier attempts left open; gives the first reason why one could not be, once all were tried. */
export async function completeOpenFiles(
  context: RunContext,
  stores: ReadonlyMap<string, Store>,
): Promise<TapedeckError | undefined> {
  const { spec, book, log, interrupt } = context;
  let failure: TapedeckError | undefined;
  for (const previous of spec.previous) {
    if (previous.state === 'Complete') continue;
    try {
      const file = await completePrevious(previous, { spec, stores, signal: interrupt, log });
      if (file === undefined && previous.copy !== undefined && previous.durationSeconds > 0)
        book.notice({
          reason: 'CopyLost',
          message: `Nothing of ${previous.key} had reached ${previous.storage}, and scratch has nothing of it either; copy it from another storage.`,
        });
      book.files = book.files.flatMap((tracked) =>
        // Copies have the same keys.
        tracked.file !== previous ? [tracked] : file === undefined ? [] : [{ file, progress: undefined }],
      );
      await context.persist();
    } catch (error) {
      const known = TapedeckError.from(error);
      failure ??= known;
      book.lose(previous.storage, known);
      log.warn('PreviousNotCompleted', {
        key: previous.key,
        storage: previous.storage,
        code: known.code,
        message: known.message,
      });
    }
  }
  return failure;
}
