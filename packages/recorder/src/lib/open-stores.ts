import { type RunStorage, TapedeckError } from '@tapedeck/core';
import { createStore, type Store } from '@tapedeck/storage';
import type { RunContext } from './run.ts';
import { passedOver } from './storage-notices.ts';

/**
 * All storages of a run by name. Opening one talks to nobody yet: it fails only on what is wrong in itself. Where one may
 * stand for another, those that can be opened are enough; `passOver` hears of the others.
 */
export async function openStores(
  storages: readonly RunStorage[],
  passOver?: (storage: string, error: TapedeckError) => void,
): Promise<Map<string, Store>> {
  const stores = new Map<string, Store>();
  let failure: unknown;
  for (const storage of storages) {
    try {
      stores.set(storage.name, await createStore(storage));
    } catch (error) {
      failure ??= error;
      if (passOver !== undefined) passOver(storage.name, TapedeckError.from(error));
    }
  }
  if (failure === undefined || (passOver !== undefined && stores.size > 0)) return stores;
  await closeStores(stores);
  throw failure;
}

/** Those of a run that records or finishes. Copies need all of them. */
export async function openRunStores({ spec, book }: RunContext): Promise<Map<string, Store>> {
  if (spec.storageMode === 'Mirror') return openStores(spec.storages);
  return openStores(spec.storages, (storage, error) => book.notice(passedOver(storage, error)));
}

export async function closeStores(stores: ReadonlyMap<string, Store>): Promise<void> {
  await Promise.allSettled([...stores.values()].map((store) => store.close()));
}
