/** Between two marks: the age of what is missing is told in seconds. */
const RESOLUTION_MS = 1_000;

/** When each byte was appended; unlike the lag meter it can be asked again for what was stored before. */
export interface AppendTimes {
  /** The object has grown to `size` bytes. */
  appended(size: number, nowMs: number): void;
  /** Age of the oldest byte behind the first `stored`; 0 where there is none. */
  lagSeconds(stored: number, nowMs: number): number;
}

/** Two numbers a second of the file: 115 KiB for two hours. */
export function createAppendTimes(): AppendTimes {
  const marks: { end: number; readonly sinceMs: number }[] = [];
  return {
    appended(size, nowMs) {
      const newest = marks.at(-1);
      if (newest !== undefined && nowMs - newest.sinceMs < RESOLUTION_MS) newest.end = size;
      else marks.push({ end: size, sinceMs: nowMs });
    },
    lagSeconds(stored, nowMs) {
      const oldest = marks.find(({ end }) => end > stored);
      return oldest === undefined ? 0 : Math.max(0, nowMs - oldest.sinceMs) / 1000;
    },
  };
}
