import type { ExternalStorage } from '@tapedeck/core';
import type { ResourceClient } from '../resource-client.ts';

/** A new value of it is a new check, see control. */
export const checkAnnotation = 'tapedeck.dev/check';

/**
 * Asks control to check a storage now, rather than when its turn comes: something has changed. One that is ready is left
 * alone, unless what it was checked with is not what it is now.
 */
export async function requestCheck(
  store: Pick<ResourceClient, 'annotate'>,
  { metadata, status }: ExternalStorage,
  { evenIfReady = false } = {},
): Promise<void> {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready === undefined || (ready.status === 'True' && !evenIfReady)) return;
  const { namespace = 'default', name } = metadata;
  await store.annotate(
    { kind: 'ExternalStorage', namespace, name },
    { [checkAnnotation]: new Date().toISOString() },
  );
}
