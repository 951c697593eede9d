import type { FfmpegOutput } from './ffmpeg-arguments.ts';

/** Something in a source by which it is known again when it is opened anew. */
export interface SourceMark {
  /** After the first mark of its capture. */
  readonly seconds: number;
  /** Of the coded bytes. */
  readonly mark: string;
}

/**
 * A second output beside a capture of HLS: checksums of the source's key frames (of sound alone, of all its
 * frames), as they come and whatever is made of them. A playlist names what was sent in the last seconds, so who
 * opens it again meets what was captured already. Its times say nothing (they begin anew when a sender does), and
 * the playlist has moved on between two looks at it; but the same segment has the same bytes.
 */
export function marksOutput(type: 'v' | 'a', map: readonly string[], descriptor: number): FfmpegOutput {
  return {
    options: [
      ...[...map, `-c:${type}`, 'copy', `-bsf:${type}`, 'noise=drop=not(key)'],
      ...['-f', 'framecrc', '-flush_packets', '1'],
    ],
    output: `pipe:${descriptor}`,
  };
}

/** Of the first marks all are kept, for one of them has to be met again; then one each half second is enough. */
const keptAtFirst = 128;
const keptMarks = 256;
const keptEverySeconds = 0.5;

/** `#tb 0: 1/90000` */
const timeBase = /^#tb 0: (\d+)\/(\d+)$/;
/** Stream, decode time, presentation time, duration, size, checksum; flags may follow. */
const packet = /^0,\s*(-?\d+),\s*-?\d+,\s*\d+,\s*(\d+), 0x([0-9a-f]{8})/;

/** Reads what `marksOutput` writes, in chunks of any size. */
export interface MarkReader {
  /** Oldest first. */
  readonly marks: readonly SourceMark[];
  push(chunk: Uint8Array): void;
}

export function createMarkReader(): MarkReader {
  const marks: SourceMark[] = [];
  let rest = '';
  let unitSeconds = 1;
  let first: number | undefined;

  function take(line: string): void {
    const base = timeBase.exec(line);
    if (base !== null) unitSeconds = Number(base[1]) / Number(base[2]);
    const found = packet.exec(line);
    if (found === null) return;
    const time = Number(found[1]) * unitSeconds;
    first ??= time;
    const seconds = time - first;
    if (marks.length >= keptAtFirst && seconds - (marks.at(-1)?.seconds ?? 0) < keptEverySeconds) return;
    marks.push({ seconds, mark: `${found[3]}-${found[2]}` });
    if (marks.length > keptMarks) marks.shift();
  }

  return {
    marks,
    push(chunk) {
      const lines = (rest + Buffer.from(chunk).toString('latin1')).split('\n');
      // A line has less than a hundred characters; what goes on longer is none.
      rest = (lines.pop() ?? '').slice(-1024);
      for (const line of lines) take(line);
    },
  };
}
