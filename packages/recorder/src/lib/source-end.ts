import type { SourceEnd } from '@tapedeck/core';
import type { SourceMark } from '@tapedeck/encoder';

/** So many marks reach back a minute and more where key frames are two seconds apart. */
const toldMarks = 32;

/** A fragment's place in the file, and what was taken off the session's times for it. */
interface Placed {
  readonly shiftSeconds: number;
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** Puts the marks of a source at their places in the file that is being written, for the attempt after this one. */
export function createSourceEnd(): {
  /** After each fragment; undefined where the source has no marks, or none within what hangs together. */
  at(marks: readonly SourceMark[], placed: Placed): SourceEnd | undefined;
} {
  let shift: number | undefined;
  let since = 0;
  return {
    at(marks, { shiftSeconds, startSeconds, endSeconds }) {
      // What lies before a pause, a gap or the file's start was shifted by something else.
      if (shift === undefined || Math.abs(shift - shiftSeconds) > 1e-6) since = startSeconds;
      shift = shiftSeconds;
      const inFile = marks
        .map(({ mark, seconds }) => ({ mark, seconds: seconds - shiftSeconds }))
        .filter(({ seconds }) => seconds >= since - 1e-6 && seconds < endSeconds);
      if (inFile.length === 0) return undefined;
      return { time: new Date().toISOString(), marks: inFile.slice(-toldMarks) };
    },
  };
}
