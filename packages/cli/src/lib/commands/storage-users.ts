import { copyNeedsStorage, needsStorage, type ResourceKey } from '@tapedeck/control';
import { isFinalPhase, type Recording, type RecordingCopy } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';
import { resourceName } from '../kind-name.ts';
import type { ResourceClient } from '../resource-client.ts';
import type { Terminal } from '../terminal.ts';

/** More than this many are counted, not named. */
const namedAtMost = 5;

/** What is said of an ExternalStorage that goes while others go on using it; undefined where none does. */
export function storageUsersText(
  storage: ResourceKey,
  deleted: readonly ResourceKey[],
  recordings: readonly Recording[],
  copies: readonly RecordingCopy[],
): string | undefined {
  const isLeft = ({ kind, metadata }: Recording | RecordingCopy) =>
    !deleted.some(
      (key) => key.kind === kind && key.name === metadata.name && key.namespace === storage.namespace,
    );
  const users = [
    ...recordings.filter((each) => usesStorage(each, storage.name)),
    ...copies.filter((each) => copyUsesStorage(each, storage.name)),
  ].filter(isLeft);
  if (users.length === 0) return undefined;
  const names = users.slice(0, namedAtMost).map(({ kind, metadata }) => resourceName(kind, metadata.name));
  const more = users.length > namedAtMost ? ` and ${users.length - namedAtMost} more` : '';
  return (
    `${resourceName(storage.kind, storage.name)} is used by ${names.join(', ')}${more}. What runs keeps it until it is over; ` +
    'what has not begun waits for a storage of that name; files that are there stay, without links and without deletion.'
  );
}

function usesStorage(recording: Recording, name: string): boolean {
  const { spec, status } = recording;
  if (needsStorage(recording, name)) return true;
  if (isFinalPhase(status?.phase)) return (status?.outputs ?? []).some(({ storage }) => storage === name);
  return (spec.storage?.refs ?? []).some((ref) => ref.name === name);
}

function copyUsesStorage(copy: RecordingCopy, name: string): boolean {
  if (copyNeedsStorage(copy, name)) return true;
  return !isFinalPhase(copy.status?.phase) && copy.spec.storage.name === name;
}

/** Names who goes on using the storages that are to be deleted, before they are. */
export async function warnOfStorageUsers(
  store: Pick<ResourceClient, 'list'>,
  terminal: Terminal,
  keys: readonly ResourceKey[],
): Promise<void> {
  for (const key of keys) {
    if (key.kind !== 'ExternalStorage') continue;
    const text = storageUsersText(
      key,
      keys,
      await listReadable(store, 'Recording', key.namespace),
      await listReadable(store, 'RecordingCopy', key.namespace),
    );
    if (text !== undefined) terminal.say(`${terminal.tones.yellow('warning:')} ${text}`);
  }
}

/** Whoever may delete a storage need not be allowed to look at recordings: nothing can be said of those then. */
async function listReadable<K extends 'Recording' | 'RecordingCopy'>(
  store: Pick<ResourceClient, 'list'>,
  kind: K,
  namespace: string,
) {
  return store.list(kind, namespace).catch((error: unknown) => {
    if (TapedeckError.from(error).code === 'ClusterDenied') return [];
    throw error;
  });
}
