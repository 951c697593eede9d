/** A line longer than this is cut, once it is redacted: nothing ffmpeg says in one line that matters is longer. */
const longestLine = 2048;

/** Lines kept of a run's stderr: with `longestLine` at most 128 KiB, usually some 5. */
const keptLines = 64;

/** An unfinished line that outgrows this is dropped to its end: cut anywhere, half a secret could be left in it. */
const longestUnfinishedLine = 8 * longestLine;

export interface FfmpegLog {
  push(chunk: string): void;
  /** The newest lines, oldest first, an unfinished one included. */
  tail(): string[];
}

/**
 * ffmpeg's stderr, bounded: whole lines are redacted and kept in a ring. Redacting works on
 * whole lines only, so that a secret cut by a chunk's border is still found.
 */
export function createFfmpegLog(redact: (line: string) => string): FfmpegLog {
  const ring: string[] = [];
  let rest = '';
  let dropping = false;

  function take(line: string): void {
    const text = redact(line).slice(0, longestLine).trimEnd();
    if (text === '') return;
    ring.push(text);
    if (ring.length > keptLines) ring.shift();
  }

  return {
    push(chunk) {
      // A carriage return alone ends a line too: that is how ffmpeg redraws its status.
      const lines = (rest + chunk).split(/[\r\n]/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (!dropping) take(line);
        dropping = false;
      }
      if (rest.length <= longestUnfinishedLine && !dropping) return;
      dropping = true;
      rest = '';
    },
    tail() {
      return rest === '' ? [...ring] : [...ring, redact(rest).slice(0, longestLine)];
    },
  };
}
