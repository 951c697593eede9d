import { type RunFile, type RunSpec, TapedeckError } from '@tapedeck/core';
import type { Store } from '@tapedeck/storage';
import type { RunContext } from './run.ts';
import type { RunLog } from './run-log.ts';
import { spoolDirectory } from './scratch.ts';

/**
 * Completes what an earlier attempt left open, from its journal alone: the file then plays up to its last
 * fragment, and a zombie's further parts are refused. A file without media is dropped: there are no empty objects.
 */
async function completePrevious(
  file: RunFile,
  options: { spec: RunSpec; stores: ReadonlyMap<string, Store>; signal: AbortSignal; log: RunLog },
): Promise<RunFile | undefined> {
  if (file.state === 'Complete') return file;
  const { journal } = file;
  if (journal === undefined) return undefined;
  const store = options.stores.get(journal.storage);
  if (store === undefined)
    throw new TapedeckError(
      'NotFound',
      `${journal.key} waits to be completed in storage ${journal.storage}, which this recording no longer names; name it again.`,
    );
  if (file.durationSeconds === 0) {
    await store.abortFromJournal(journal);
    return undefined;
  }
  const spool = spoolDirectory(options.spec, file.attempt, file.segment);
  let object: Awaited<ReturnType<Store['completeFromJournal']>>;
  try {
    object = await store.completeFromJournal(journal, { spoolDirectory: spool, signal: options.signal });
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
      book.files = book.files.flatMap((tracked) =>
        tracked.file.key !== previous.key
          ? [tracked]
          : file === undefined
            ? []
            : [{ file, progress: undefined }],
      );
      await context.persist();
    } catch (error) {
      const known = TapedeckError.from(error);
      failure ??= known;
      log.warn('PreviousNotCompleted', { key: previous.key, code: known.code, message: known.message });
    }
  }
  return failure;
}
