const MiB = 1024 * 1024;

/**
 * So many bytes of parts may lie about that nobody needs any more. They are outside of the collector's own heap, which
 * is small and keeps it quiet: left to itself it lets 60 to 100 MiB of them gather when an upload runs at full speed.
 * Collecting a heap of 15 MB takes some 8 ms.
 */
const COLLECT_EVERY_BYTES = 24 * MiB;
/** At 4 Mbit/s so many take a minute to gather; collecting sooner costs a quarter of a percent of a core there. */
const COLLECT_AFTER_MS = 3_000;

export interface Collector {
  /** So many bytes were let go. */
  released(bytes: number): void;
}

/**
 * Has them collected in time, in a process that was started with `--expose-gc`; elsewhere does nothing. The first time is
 * at once: by then what starting up has left behind can go.
 */
export function createCollector(everyBytes: number = COLLECT_EVERY_BYTES): Collector {
  let bytes = 0;
  let collectedMs = Number.NEGATIVE_INFINITY;
  return {
    released(more) {
      bytes += more;
      const nowMs = performance.now();
      if (bytes < everyBytes && nowMs - collectedMs < COLLECT_AFTER_MS) return;
      bytes = 0;
      collectedMs = nowMs;
      globalThis.gc?.({ type: 'major' });
    },
  };
}
