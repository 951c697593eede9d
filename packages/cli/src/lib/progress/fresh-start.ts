import type { ResourceKey } from '@tapedeck/control';
import { TapedeckError } from '@tapedeck/core/error';
import { resourceName } from '../kind-name.ts';
import { waitUntilGone } from '../local/resource-wait.ts';
import { requestCheck } from '../local/storage-recheck.ts';
import type { ApplyEntry, ResourceClient } from '../resource-client.ts';
import { isCopyOver } from './copy-following.ts';
import { isOver, phaseOf } from './progress-line.ts';
import type { ProgressView } from './progress-view.ts';

interface FreshStart {
  readonly store: Pick<ResourceClient, 'get' | 'watch' | 'apply' | 'annotate'>;
  readonly view: ProgressView;
  /** Deletes a Recording or a RecordingCopy; resolves with whether it is gone already. */
  readonly remove: (key: ResourceKey) => Promise<boolean>;
}

/**
 * Applies resources that are to run now. A Recording that is over is made anew: who says run wants it to run. One that is
 * being deleted is waited for; one that goes on is left alone. Rejects as `ResourceClient.apply`, and with `AlreadyExists`
 * where the files of a Recording that is over would go with it.
 */
export async function applyFresh(
  { store, view, remove }: FreshStart,
  resources: readonly ApplyEntry[],
  signal: AbortSignal,
): Promise<void> {
  for (const { key } of resources) {
    if (key.kind === 'RecordingCopy') await makeRoomForCopy({ store, view, remove }, key, signal);
  }
  for (const { key } of resources) {
    if (key.kind === 'Recording') await makeRoom({ store, view, remove }, key, signal);
  }
  const outcomes = await store.apply(resources);
  for (const [index, { key }] of resources.entries()) {
    view.say(`${resourceName(key.kind, key.name)} ${outcomes[index]}`);
    if (key.kind !== 'ExternalStorage') continue;
    const storage = await store.get('ExternalStorage', key.namespace, key.name);
    if (storage !== undefined) await requestCheck(store, storage);
  }
}

/** A copy that is over was one of what was recorded then. */
async function makeRoomForCopy(
  { store, view, remove }: FreshStart,
  key: ResourceKey,
  signal: AbortSignal,
): Promise<void> {
  const old = await store.get('RecordingCopy', key.namespace, key.name);
  if (old === undefined) return;
  const deleting = old.metadata.deletionTimestamp !== undefined;
  if (!isCopyOver(old) && !deleting) return;
  if (!deleting) view.say(`${resourceName(key.kind, key.name)} is over; copying anew`);
  if (deleting || !(await remove(key))) await waitUntilGone(store, key, signal);
}

async function makeRoom(
  { store, view, remove }: FreshStart,
  key: ResourceKey,
  signal: AbortSignal,
): Promise<void> {
  const old = await store.get('Recording', key.namespace, key.name);
  if (old === undefined) return;
  const deleting = old.metadata.deletionTimestamp !== undefined;
  if (!isOver(old) && !deleting) return;
  if (!deleting && old.spec.deletionPolicy === 'Delete') {
    throw new TapedeckError(
      'AlreadyExists',
      `Recording ${key.name} is over, and its files go with it (deletionPolicy: Delete): delete it first, or choose another name`,
    );
  }
  if (!deleting) view.say(`${resourceName(key.kind, key.name)} is over (${phaseOf(old)}); recording it anew`);
  if (deleting || !(await remove(key))) await waitUntilGone(store, key, signal);
}
