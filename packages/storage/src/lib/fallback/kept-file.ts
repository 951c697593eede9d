import { createAppendTimes } from './append-times.ts';
import type { KeptBytes } from './kept-bytes.ts';

/** A file as it was appended: how long it is, when each byte came, and all of it on scratch for as long as it may move. */
export interface KeptFile {
  readonly size: number;
  /** Undefined once it need not, or cannot, be kept any more. */
  readonly bytes: KeptBytes | undefined;
  /** Age of the oldest byte behind the first `stored`. */
  lagSeconds(stored: number): number;
  /** The unit is at that offset; filler before it is part of the file. */
  add(offset: number, unit: Uint8Array): void;
  /** What is in memory is to go to scratch again, after so many seconds. */
  isDrainDue(everySeconds: number): boolean;
  /** Frees scratch. */
  stop(): Promise<void>;
}

export function createKeptFile(
  bytes: KeptBytes,
  filler: ((size: number) => Uint8Array) | undefined,
): KeptFile {
  const times = createAppendTimes();
  let kept: KeptBytes | undefined = bytes;
  let size = 0;
  let drainedMs = Date.now();
  return {
    get size() {
      return size;
    },
    get bytes() {
      return kept;
    },
    lagSeconds: (stored) => times.lagSeconds(stored, Date.now()),
    add(offset, unit) {
      const missing = offset - size;
      size = offset + unit.length;
      times.appended(size, Date.now());
      if (kept === undefined) return;
      if (missing > 0 && filler !== undefined) kept.push(filler(missing));
      kept.push(unit);
    },
    isDrainDue(everySeconds) {
      if (Date.now() - drainedMs < everySeconds * 1000) return false;
      drainedMs = Date.now();
      return true;
    },
    async stop() {
      const stopped = kept;
      kept = undefined;
      await stopped?.clear();
    },
  };
}
