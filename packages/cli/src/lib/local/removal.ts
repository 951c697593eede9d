import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { copyNeedsStorage, needsStorage, type ResourceKey } from '@tapedeck/control';
import { isFinalPhase } from '@tapedeck/core';
import { tryLead } from './leadership.ts';
import type { LocalData } from './local-data.ts';
import { createReportLedger } from './report-ledger.ts';
import { listRuns, runDirectory } from './run-directory.ts';

/** `Removed`: gone. `Deleting`: control does the rest. `Waiting`: so it will, once one runs. */
export type RemovalOutcome = 'Removed' | 'Deleting' | 'Waiting';

/**
 * Deletes a resource. Control lets go of it first: it ends what runs, and deletes the objects where that was asked for.
 * Where no control process runs, what has nothing to let go of goes at once.
 */
export async function removeResource(data: LocalData, key: ResourceKey): Promise<RemovalOutcome> {
  await data.store.requestDeletion(key);
  // Whoever holds the lock is the only one who may launch: with it in hand nothing starts behind our back.
  const leadership = tryLead(data.directory.leaderLock);
  if (leadership === undefined) return 'Deleting';
  try {
    const resource = await data.store.get(key.kind, key.namespace, key.name);
    const uid = resource?.metadata.uid ?? '';
    if (resource?.kind === 'Recording') {
      const runs = runsOf(data, uid);
      const ledger = createReportLedger(data.database);
      const files = (await ledger.load(uid)).at(-1)?.files ?? [];
      const deletesFiles = resource.spec.deletionPolicy === 'Delete' && files.length > 0;
      const isOver = isFinalPhase(resource.status?.phase);
      if (deletesFiles || ((runs.length > 0 || files.length > 0) && !isOver)) return 'Waiting';
      // What a failed recording could not deliver is left on scratch, where a person may find it.
      if (!files.some(({ state }) => state === 'Open')) {
        for (const id of runs) runDirectory(data.directory.runs, id).remove();
        rmSync(join(data.directory.scratch, uid), { recursive: true, force: true });
      }
      await ledger.forget(uid);
    }
    if (resource?.kind === 'RecordingCopy') {
      const ledger = createReportLedger(data.database);
      const files = (await ledger.load(uid)).at(-1)?.files ?? [];
      // An upload that nobody completes is dropped first, by a run that only control starts.
      if (runsOf(data, uid).length > 0 || files.some(({ state }) => state === 'Open')) return 'Waiting';
      await ledger.forget(uid);
    }
    if (resource?.kind === 'ExternalStorage') {
      const copies = await data.store.list('RecordingCopy', key.namespace);
      if (copies.some((copy) => copyNeedsStorage(copy, key.name))) return 'Waiting';
      const recordings = await data.store.list('Recording', key.namespace);
      if (recordings.some((recording) => needsStorage(recording, key.name))) return 'Waiting';
    }
    await data.store.remove(key, uid);
    return 'Removed';
  } finally {
    leadership.release();
  }
}

function runsOf(data: LocalData, uid: string): readonly string[] {
  const { runs } = data.directory;
  return listRuns(runs).filter((id) => runDirectory(runs, id).record()?.recordingUid === uid);
}
