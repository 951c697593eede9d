/** Between two marks; one per unit would be more than anybody reads. */
const RESOLUTION_MS = 100;

/** Tells how old the oldest byte is that was appended and is not stored yet. */
export interface LagMeter {
  /** The object has grown to `size` bytes. */
  appended(size: number, nowMs: number): void;
  /** The storage holds the first `size` bytes. */
  stored(size: number): void;
  lagSeconds(nowMs: number): number;
}

export function createLagMeter(): LagMeter {
  // Each mark: from `sinceMs` on, bytes up to `end` were added.
  let marks: { end: number; readonly sinceMs: number }[] = [];
  return {
    appended(size, nowMs) {
      const newest = marks.at(-1);
      if (newest !== undefined && nowMs - newest.sinceMs < RESOLUTION_MS) newest.end = size;
      else marks.push({ end: size, sinceMs: nowMs });
    },
    stored(size) {
      const first = marks.findIndex((mark) => mark.end > size);
      marks = first === -1 ? [] : marks.slice(first);
    },
    lagSeconds(nowMs) {
      const oldest = marks[0];
      return oldest === undefined ? 0 : Math.max(0, nowMs - oldest.sinceMs) / 1000;
    },
  };
}
