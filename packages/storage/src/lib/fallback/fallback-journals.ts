import type { UploadJournal } from '@tapedeck/core';

/** The journals of one file's uploads, by the place of their storage in the list. */
export interface FallbackJournals {
  /** Of uploads that were left, as far as they are not known to be gone. */
  readonly dropped: readonly UploadJournal[];
  /** A newer journal; true when it is the file's own, false when its storage was left meanwhile. */
  take(index: number, journal: UploadJournal): boolean;
  /** The upload is gone. */
  forget(index: number): void;
  /** The upload in that place counts again: a later one did not open after all. */
  returnTo(index: number): void;
}

export function createFallbackJournals(): FallbackJournals {
  const journals = new Map<number, UploadJournal>();
  let current = 0;
  return {
    get dropped() {
      return [...journals].filter(([index]) => index < current).map(([, journal]) => journal);
    },
    take(index, journal) {
      journals.set(index, journal);
      current = Math.max(current, index);
      return index === current;
    },
    forget(index) {
      journals.delete(index);
    },
    returnTo(index) {
      current = Math.max(0, index);
    },
  };
}
