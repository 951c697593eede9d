import type { RunStorage } from '@tapedeck/core';
import { createStore, type Store } from '@tapedeck/storage';

/** All storages of a run by name. Opening one talks to nobody yet: it fails only on what is wrong in itself. */
export async function openStores(storages: readonly RunStorage[]): Promise<Map<string, Store>> {
  const stores = new Map<string, Store>();
  try {
    for (const storage of storages) stores.set(storage.name, await createStore(storage));
  } catch (error) {
    await closeStores(stores);
    throw error;
  }
  return stores;
}

export async function closeStores(stores: ReadonlyMap<string, Store>): Promise<void> {
  await Promise.allSettled([...stores.values()].map((store) => store.close()));
}
