/** How much media a storage holds of a file that grows. */
export interface HeldMedia {
  /** From here on the file is so long, in bytes and in seconds. */
  add(bytes: number, seconds: number): void;
  /** Media in the first `bytes` of the file; asked with numbers that only grow, unless `mayShrink`. */
  seconds(bytes: number): number;
}

/**
 * Two numbers a fragment that is on its way: what waits is bounded by the scratch, and so is this. With `mayShrink`, where
 * another storage may get the file from its beginning, of every fragment: 115 KiB for two hours.
 */
export function createHeldMedia({ mayShrink = false } = {}): HeldMedia {
  let waiting: { bytes: number; seconds: number }[] = [];
  let held = 0;
  return {
    add(bytes, seconds) {
      waiting.push({ bytes, seconds });
    },
    seconds(bytes) {
      const next = waiting.findIndex((mark) => mark.bytes > bytes);
      const reached = next === -1 ? waiting : waiting.slice(0, next);
      if (mayShrink) return reached.at(-1)?.seconds ?? 0;
      held = reached.at(-1)?.seconds ?? held;
      if (reached.length > 0) waiting = waiting.slice(reached.length);
      return held;
    },
  };
}
