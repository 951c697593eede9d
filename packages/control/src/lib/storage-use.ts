import { isFinalPhase, type Recording, type RecordingCopy } from '@tapedeck/core';

/**
 * Whether a recording still needs a storage: to record to, to complete its files, or, while it is being deleted, to
 * delete them.
 */
export function needsStorage({ status, metadata }: Recording, name: string): boolean {
  if (isFinalPhase(status?.phase) && metadata.deletionTimestamp === undefined) return false;
  return status?.storage?.name === name || (status?.outputs ?? []).some(({ storage }) => storage === name);
}

/** Whether a copy still needs a storage: to read from it or to write to it. */
export function copyNeedsStorage({ spec, status }: RecordingCopy, name: string): boolean {
  if (isFinalPhase(status?.phase) || (status?.attempts ?? []).length === 0) return false;
  return spec.storage.name === name || (status?.sources ?? []).some(({ storage }) => storage === name);
}
