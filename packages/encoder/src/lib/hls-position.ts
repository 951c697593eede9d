/** Where ffmpeg begins of its own accord, counted from the end. */
const usualSegments = 3;

/**
 * How many segments before the end of a playlist to begin, so that what was sent while nobody listened is met: the
 * time away, and two segments for what is under way and what is published in the meantime. Never later than usual.
 */
export function segmentsBack(segmentSeconds: readonly number[], awaySeconds: number): number {
  const longest = segmentSeconds.reduce((most, seconds) => Math.max(most, seconds), 0);
  const wanted = awaySeconds + 2 * longest;
  let covered = 0;
  let count = 0;
  for (const seconds of segmentSeconds.toReversed()) {
    if (covered >= wanted) break;
    covered += seconds;
    count += 1;
  }
  return Math.max(usualSegments, count);
}

/** Lengths of the segments that a playlist names, in order. */
export function segmentLengths(playlist: string): number[] {
  return [...playlist.matchAll(/^#EXTINF:(\d+(?:\.\d+)?)/gm)].map(([, seconds]) => Number(seconds));
}
