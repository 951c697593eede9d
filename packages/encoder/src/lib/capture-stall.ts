export interface StallWatchOptions {
  /** Bytes that have come out of ffmpeg so far. */
  readonly bytes: () => number;
  /** Bytes lie there that nobody has taken: ffmpeg waits for us, not for its source. */
  readonly waiting: () => boolean;
  /** Until the first byte. */
  readonly startTimeoutSeconds: number;
  /** After it. */
  readonly stallTimeoutSeconds: number;
  /** Called once. */
  readonly onStall: (seconds: number, started: boolean) => void;
}

/** Fine enough for a limit in seconds, and costs nothing. */
const pollMilliseconds = 200;

/**
 * Watches that a capture brings bytes. This is the watch that always works: ffmpeg's own time limits depend on
 * the protocol and do not see a source that keeps its connection alive and sends no media.
 */
export function watchStall(options: StallWatchOptions): { close(): void } {
  let last = 0;
  let quietSince = performance.now();
  const timer = setInterval(() => {
    const bytes = options.bytes();
    if (bytes !== last || options.waiting()) {
      last = bytes;
      quietSince = performance.now();
      return;
    }
    const limit = last === 0 ? options.startTimeoutSeconds : options.stallTimeoutSeconds;
    if (performance.now() - quietSince < limit * 1000) return;
    clearInterval(timer);
    options.onStall(limit, last > 0);
  }, pollMilliseconds);
  return { close: () => clearInterval(timer) };
}
