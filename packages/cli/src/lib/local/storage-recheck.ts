import type { ExternalStorage } from '@tapedeck/core';
import type { ResourceClient } from '../resource-client.ts';

/** A new value of it is a new check, see control. */
export const checkAnnotation = 'tapedeck.dev/check';

/** Asks control to check a storage that is not ready now, rather than when its turn comes: something has changed. */
export async function requestCheck(
  store: Pick<ResourceClient, 'annotate'>,
  { metadata, status }: ExternalStorage,
): Promise<void> {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready === undefined || ready.status === 'True') return;
  const { namespace = 'default', name } = metadata;
  await store.annotate(
    { kind: 'ExternalStorage', namespace, name },
    { [checkAnnotation]: new Date().toISOString() },
  );
}
