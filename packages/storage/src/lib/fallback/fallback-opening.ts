import { TapedeckError } from '@tapedeck/core';
import type { Store, Upload, UploadOptions } from '../store.ts';
import type { FallbackOptions } from './fallback-contract.ts';
import type { FallbackJournals } from './fallback-journals.ts';

/** Opens the file's upload in the storage of that place. Where it is refused, the one in `current` counts again. */
export type FallbackOpening = (
  index: number,
  current: number,
  how: Pick<UploadOptions, 'openInBackground' | 'signal'>,
) => Promise<Upload>;

export function createFallbackOpening(
  stores: readonly Store[],
  { spool, signal: _, ...options }: FallbackOptions,
  journals: FallbackJournals,
): FallbackOpening {
  return async (index, current, how) => {
    const store = stores[index];
    if (store === undefined) throw new TapedeckError('InvalidManifest', 'No storage is named.');
    try {
      return await store.createUpload({
        ...options,
        ...how,
        spool: { ...spool, maxBytes: Math.floor(spool.maxBytes / 2) },
        onJournal: (journal) => (journals.take(index, journal) ? options.onJournal(journal) : undefined),
      });
    } catch (error) {
      journals.forget(index);
      journals.returnTo(current);
      throw error;
    }
  };
}
