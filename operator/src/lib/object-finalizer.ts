import type { Recording } from '@tapedeck/core';

/** Holds a Recording whose files are to go with it, until they are gone. */
export const objectFinalizer = 'tapedeck.dev/objects';

/**
 * Should the finalizer be put on (true), taken off (false) or left as it is (undefined)? It is there only where somebody
 * asked that deleting the resource deletes the files. Once the resource is being deleted control takes it off.
 */
export function finalizerChange(recording: Recording, finalizers: readonly string[]): boolean | undefined {
  if (recording.metadata.deletionTimestamp !== undefined) return undefined;
  const wanted = recording.spec.deletionPolicy === 'Delete';
  return wanted === finalizers.includes(objectFinalizer) ? undefined : wanted;
}
