import type { RunLog } from '../run-log.ts';

/** What a page says of itself goes into the run's log, as much of it as a person reads. */
export interface MetadataLog {
  take(value: unknown, details: Readonly<Record<string, unknown>>): void;
  /** Says what was left out last. */
  close(): void;
}

/** A page may say something with each frame it draws; these many are logged a second. */
export const loggedMetadata = 20;

/** Logs `PageMetadata`, and for a second that brought too much one `MetadataDropped` with how many are left out. */
export function createMetadataLog(log: RunLog, nowMs: () => number = () => performance.now()): MetadataLog {
  let beganMs = Number.NEGATIVE_INFINITY;
  let taken = 0;

  function close(): void {
    if (taken > loggedMetadata) log.warn('MetadataDropped', { count: taken - loggedMetadata });
    taken = 0;
  }

  return {
    take(value, details) {
      const now = nowMs();
      if (now - beganMs >= 1000) {
        close();
        beganMs = now;
      }
      taken += 1;
      if (taken <= loggedMetadata) log.info('PageMetadata', { value, ...details });
    },
    close,
  };
}
