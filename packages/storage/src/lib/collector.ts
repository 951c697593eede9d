const MiB = 1024 * 1024;

/**
 * So many bytes of parts may lie about that nobody needs any more. They are outside of the collector's own heap, which
 * is small and keeps it quiet: left to itself it lets 60 to 100 MiB of them gather when an upload runs at full speed.
 * Collecting a heap of 15 MB takes some 8 ms, once a minute at 4 Mbit/s.
 */
const COLLECT_EVERY_BYTES = 32 * MiB;

export interface Collector {
  /** So many bytes were let go. */
  released(bytes: number): void;
}

/** Has them collected in time, in a process that was started with `--expose-gc`; elsewhere does nothing. */
export function createCollector(): Collector {
  let bytes = 0;
  return {
    released(more) {
      bytes += more;
      if (bytes < COLLECT_EVERY_BYTES) return;
      bytes = 0;
      globalThis.gc?.();
    },
  };
}
