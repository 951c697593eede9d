import type { ResourceKey } from '@tapedeck/control';
import type { ResourceClient } from '../resource-client.ts';

/** Resolves when the object is gone, or made anew under its name, or on the signal. */
export async function waitUntilGone(
  store: Pick<ResourceClient, 'get' | 'watch'>,
  key: ResourceKey,
  signal: AbortSignal,
): Promise<void> {
  const uid = (await store.get(key.kind, key.namespace, key.name))?.metadata.uid;
  if (uid === undefined) return;
  const over = new AbortController();
  const end = AbortSignal.any([signal, over.signal]);
  try {
    await new Promise<void>((resolve, reject) => {
      end.addEventListener('abort', () => resolve(), { once: true });
      const look = async () => {
        const now = await store.get(key.kind, key.namespace, key.name);
        if (now?.metadata.uid !== uid) resolve();
      };
      store.watch(
        (changed) => {
          if (changed.kind === key.kind && changed.namespace === key.namespace && changed.name === key.name) {
            look().catch(reject);
          }
        },
        end,
        { ...key, onRefused: reject },
      );
      if (end.aborted) resolve();
    });
  } finally {
    over.abort();
  }
}
