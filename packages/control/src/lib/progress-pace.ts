import { isSame, type RecordingStatus } from '@tapedeck/core';

/** Holds back statuses in which nothing but progress is new, so that writes do not grow with what a run reports. */
export interface ProgressPace {
  /** Seconds after which the change may be written; 0: now. */
  wait(uid: string, before: RecordingStatus | undefined, next: RecordingStatus): number;
  wrote(uid: string): void;
  forget(uid: string): void;
}

/** `interval` in seconds between two that tell of the same recording. */
export function createProgressPace(interval: number, now: () => Date): ProgressPace {
  /** When each was last written, in milliseconds: bounded by the recordings that run. */
  const written = new Map<string, number>();
  return {
    wait(uid, before, next) {
      const at = written.get(uid);
      if (at === undefined || before === undefined || !isSame(gist(before), gist(next))) return 0;
      return Math.max(0, interval - (now().getTime() - at) / 1000);
    },
    wrote: (uid) => void written.set(uid, now().getTime()),
    forget: (uid) => void written.delete(uid),
  };
}

/** What of a status is no mere progress. */
function gist({ duration: _duration, progress: _progress, storages = [], ...rest }: RecordingStatus): object {
  return { ...rest, storages: storages.map(({ bytesUploaded: _, ...storage }) => storage) };
}
