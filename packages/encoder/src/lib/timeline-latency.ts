/**
 * Media that is older than this no longer counts: clocks of source and recorder drift apart (100 ppm are 0.7 s in
 * 2 h), while a source that stutters delivers on time at least once a minute.
 */
const windowSeconds = 60;

/**
 * How long after its end media arrives at the least. Whatever arrives later was held up on its way, so the
 * smallest delay is what ties media time to the clock of the arrivals.
 */
export interface Latency {
  /** Infinite before the first arrival. */
  readonly seconds: number;
  add(endSeconds: number, arrivalSeconds: number): void;
  /** It is known from what came before; counts like an arrival. */
  assume(seconds: number): void;
}

export function createLatency(): Latency {
  let windowStart = Number.NEGATIVE_INFINITY;
  let current = Number.POSITIVE_INFINITY;
  let before = Number.POSITIVE_INFINITY;
  return {
    get seconds() {
      return Math.min(current, before);
    },
    assume(seconds) {
      current = seconds;
    },
    add(endSeconds, arrivalSeconds) {
      if (arrivalSeconds - windowStart >= windowSeconds) {
        before = current;
        current = Number.POSITIVE_INFINITY;
        windowStart = arrivalSeconds;
      }
      current = Math.min(current, arrivalSeconds - endSeconds);
    },
  };
}
