import { isFinalPhase, type Recording } from '@tapedeck/core';

/**
 * Whether a recording still needs a storage: to record to, to complete its files, or, while it is being deleted, to
 * delete them.
 */
export function needsStorage({ status, metadata }: Recording, name: string): boolean {
  if (isFinalPhase(status?.phase) && metadata.deletionTimestamp === undefined) return false;
  return status?.storage?.name === name || (status?.outputs ?? []).some(({ storage }) => storage === name);
}
