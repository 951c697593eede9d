import type { SourceMark } from '@tapedeck/encoder';

/** What one mark has to be apart from the next to be remembered. */
const apartSeconds = 0.5;
/** With `apartSeconds`: more than two minutes, longer than the playlists of nearly all live sources. */
const rememberedMarks = 256;

/** Knows a live source again by its marks (see `Capture.marks`) when it is opened anew. */
export interface SourceContinuity {
  /**
   * A capture has begun, with its first marks, in its own time. What is added to times of the capture before gives
   * times of this one; undefined when nothing of it is known.
   */
  begin(marks: readonly SourceMark[]): number | undefined;
  /** It has ended; these were its marks. */
  end(marks: readonly SourceMark[]): void;
}

/** `before`: marks of something that was captured by another process, in a time of its own. */
export function createSourceContinuity(before: readonly SourceMark[] = []): SourceContinuity {
  /** In the time of the present capture, oldest first. */
  let known: SourceMark[] = [...before];

  function offsetOf(marks: readonly SourceMark[]): number | undefined {
    for (const { mark, seconds } of marks) {
      // Pictures that do not move have one mark many times: the last is taken, for what is left out is lost.
      const before = known.findLast((candidate) => candidate.mark === mark);
      if (before !== undefined) return seconds - before.seconds;
    }
    return undefined;
  }

  return {
    begin(marks) {
      const offset = offsetOf(marks);
      known =
        offset === undefined ? [] : known.map(({ mark, seconds }) => ({ mark, seconds: seconds + offset }));
      return offset;
    },
    end(marks) {
      for (const mark of marks) {
        const lastSeconds = known.at(-1)?.seconds ?? Number.NEGATIVE_INFINITY;
        if (mark.seconds >= lastSeconds + apartSeconds) known.push(mark);
      }
      known = known.slice(-rememberedMarks);
    },
  };
}
