import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ResourceKey } from '@tapedeck/control';
import type { Recording } from '@tapedeck/core';
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
      const keepsObjects = resource.spec.deletionPolicy !== 'Delete';
      if (runs.length > 0 && !(isOver(resource) && keepsObjects)) return 'Waiting';
      for (const id of runs) runDirectory(data.directory.runs, id).remove();
      rmSync(join(data.directory.scratch, uid), { recursive: true, force: true });
      await createReportLedger(data.database).forget(uid);
    }
    if (resource?.kind === 'ExternalStorage') {
      const users = (await data.store.list('Recording', key.namespace)).filter(
        (each) => each.status?.storage?.name === key.name && !isOver(each),
      );
      if (users.length > 0) return 'Waiting';
    }
    await data.store.remove(key, uid);
    return 'Removed';
  } finally {
    leadership.release();
  }
}

function isOver({ status }: Recording): boolean {
  return status?.phase === 'Uploaded' || status?.phase === 'Failed';
}

function runsOf(data: LocalData, uid: string): readonly string[] {
  const { runs } = data.directory;
  return listRuns(runs).filter((id) => runDirectory(runs, id).record()?.recordingUid === uid);
}
