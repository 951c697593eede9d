import type { RunResult } from '@tapedeck/core';
import { completeOpenFiles } from './complete-previous.ts';
import { joinAttempts } from './join-attempts.ts';
import { closeStores, openRunStores } from './open-stores.ts';
import { decideResult } from './outcome.ts';
import type { RunContext } from './run.ts';

/** Nothing is recorded: what earlier attempts left is completed and joined. */
export async function finish(context: RunContext): Promise<RunResult> {
  const { book } = context;
  book.state = 'Uploading';
  const stores = await openRunStores(context);
  try {
    const error = await completeOpenFiles(context, stores);
    if (error === undefined || context.spec.storageMode === 'Mirror') await joinAttempts(context, stores);
    const recorded = book.files.length > 0;
    return decideResult(
      { kind: 'Stopped', reason: 'Requested' },
      { recorded, ...(error === undefined ? {} : { error }) },
    );
  } finally {
    await closeStores(stores);
  }
}
