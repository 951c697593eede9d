/** Over how long the bitrate of the live line is taken: steady to look at, yet soon at 0 when nothing comes. */
const windowMs = 5_000;

export interface BitrateMeter {
  add(bytes: number, atMs: number): void;
  /** Bits per second over the last seconds. */
  read(atMs: number): number;
}

export function createBitrateMeter(): BitrateMeter {
  let samples: { atMs: number; bytes: number }[] = [];
  let startMs: number | undefined;
  return {
    add(bytes, atMs) {
      startMs ??= atMs;
      samples.push({ atMs, bytes });
      samples = samples.filter((sample) => atMs - sample.atMs < windowMs);
    },
    read(atMs) {
      if (startMs === undefined) return 0;
      const recent = samples.filter((sample) => atMs - sample.atMs < windowMs);
      const bytes = recent.reduce((sum, sample) => sum + sample.bytes, 0);
      const spanMs = Math.min(windowMs, Math.max(1_000, atMs - startMs));
      return Math.round((bytes * 8 * 1000) / spanMs);
    },
  };
}
