import { joinKey, normalizePrefix, type RecordingStatus, type RunFile } from '@tapedeck/core';
import { letGo } from './recording-finished.ts';
import type { RecordingPlan, RecordingPolicy, RecordingSnapshot } from './recording-snapshot.ts';

/** Files that an event names; of more it says how many. */
const named = 3;

/**
 * Seconds until the resource goes whatever became of its files; undefined where nobody asked for them to go with it. A
 * bucket that is gone, or rights that never come, must not hold a Recording and its namespace for ever.
 */
export function untilLetGo(
  { recording, now }: RecordingSnapshot,
  policy: RecordingPolicy,
): number | undefined {
  const asked = recording.metadata.deletionTimestamp;
  if (recording.spec.deletionPolicy !== 'Delete' || asked === undefined) return undefined;
  return policy.timing.removeWithin - (now.getTime() - Date.parse(asked)) / 1000;
}

/** What an object store still has is named, and why: from now on nobody but a person looks at it. */
export function letGoRemaining(
  snapshot: RecordingSnapshot,
  status: RecordingStatus,
  files: readonly RunFile[],
  why?: string,
): RecordingPlan {
  const { recording, storages } = snapshot;
  const places = files.slice(0, named).map(({ url, key, storage: name }) => {
    const prefix = storages.find(({ metadata }) => metadata.name === name)?.spec.prefix;
    return url ?? `${joinKey(normalizePrefix(prefix), key)} (${name})`;
  });
  const more = files.length > named ? ` and ${files.length - named} more` : '';
  const said = why ?? status.attempts?.findLast(({ mode, message }) => mode === 'Remove' && message)?.message;
  const cause = said === undefined ? '' : `: ${said.replace(/\.$/, '')}`;
  const message = `Deleted without its files, which could not be deleted since ${recording.metadata.deletionTimestamp ?? 'then'}${cause}. Delete them by hand: ${places.join(', ')}${more}.`;
  return {
    status,
    before: [],
    after: [
      { type: 'Event', event: { type: 'Warning', reason: 'NotRemoved', message } },
      ...letGo(snapshot, status),
    ],
  };
}

/** What lies on scratch is left where a person may find it: only the resource and its reports go. */
export function letGoIncomplete(
  snapshot: RecordingSnapshot,
  status: RecordingStatus,
  files: readonly RunFile[],
): RecordingPlan {
  const open = files.filter(({ state }) => state === 'Open').map(({ key }) => key);
  const message = `Deleted before everything was delivered: ${open.join(', ')} stay incomplete.`;
  return {
    status,
    before: [],
    after: [
      { type: 'Event', event: { type: 'Warning', reason: 'Undelivered', message } },
      ...letGo(snapshot, status).filter(({ type }) => type !== 'ForgetRun'),
    ],
  };
}
