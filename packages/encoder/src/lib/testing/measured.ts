import { presentationTimes } from '../fragment-cut.ts';
import { trackEnd } from '../fragment-moof.ts';
import type { AssembledFile } from './assembled.ts';
import { audioTimescale, videoTimescale } from './synthetic.ts';

/** Presentation times of all samples of a track, in seconds of the file. */
export function times(file: AssembledFile | undefined, trackId: number): number[] {
  const timescale = trackId === 1 ? videoTimescale : audioTimescale;
  return (file?.fragments ?? []).flatMap((fragment) =>
    fragment.tracks
      .filter((track) => track.trackId === trackId)
      .flatMap((track) => Array.from(presentationTimes(track), (time) => time / timescale)),
  );
}

export const endSeconds = (file: AssembledFile | undefined) =>
  Math.max(0, ...(file?.fragments ?? []).map((fragment) => fragment.endSeconds));

/** No sample begins before the one before it has ended. */
export function overlaps(file: AssembledFile | undefined): number {
  const ends = new Map<number, number>();
  let count = 0;
  for (const track of (file?.fragments ?? []).flatMap((fragment) => fragment.tracks)) {
    if (track.baseDecodeTime < (ends.get(track.trackId) ?? 0)) count += 1;
    ends.set(track.trackId, trackEnd(track));
  }
  return count;
}

export const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => from + index);
