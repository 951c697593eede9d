/** A line longer than this is cut: nothing ffmpeg says in one line that matters is longer. */
const longestLine = 2048;

/** Lines kept of a run's stderr: with `longestLine` at most 128 KiB, usually some 5. */
const keptLines = 64;

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

  function take(line: string): void {
    const text = redact(line.slice(0, longestLine)).trimEnd();
    if (text === '') return;
    ring.push(text);
    if (ring.length > keptLines) ring.shift();
  }

  return {
    push(chunk) {
      // A carriage return alone ends a line too: that is how ffmpeg redraws its status.
      const lines = (rest + chunk).split(/[\r\n]/);
      rest = lines.pop() ?? '';
      for (const line of lines) take(line);
      if (rest.length > longestLine) {
        take(rest);
        rest = '';
      }
    },
    tail() {
      return rest === '' ? [...ring] : [...ring, redact(rest)];
    },
  };
}
