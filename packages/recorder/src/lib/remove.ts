import { type RunResult, TapedeckError } from '@tapedeck/core';
import { closeStores, openStores } from './open-stores.ts';
import { decideResult } from './outcome.ts';
import type { RunContext } from './run.ts';

/** Deletes the objects of a recording, and drops what was never completed. */
export async function remove(context: RunContext): Promise<RunResult> {
  const { spec, book, log } = context;
  const stores = await openStores(spec.storages);
  try {
    for (const file of spec.previous) {
      const store = stores.get(file.storage);
      if (store === undefined)
        throw new TapedeckError('NotFound', `Storage ${file.storage}, which holds ${file.key}, is gone.`);
      for (const left of file.dropped ?? []) await stores.get(left.storage)?.abortFromJournal(left);
      if (file.journal !== undefined && file.state === 'Open') await store.abortFromJournal(file.journal);
      else for (const key of [file.key, ...(file.replaces ?? [])]) await store.delete(key);
      log.info('Removed', { key: file.key });
    }
    book.files = [];
    return { exit: 'Complete' };
  } catch (error) {
    return decideResult(
      { kind: 'Stopped', reason: 'Requested' },
      { recorded: true, error: TapedeckError.from(error) },
    );
  } finally {
    await closeStores(stores);
  }
}
