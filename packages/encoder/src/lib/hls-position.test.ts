import { expect, it } from 'vitest';
import { segmentLengths, segmentsBack } from './hls-position.ts';

it.each([
  { name: 'at once', segments: [2, 2, 2, 2, 2, 2], away: 0, back: 3 },
  { name: 'after a short time', segments: [2, 2, 2, 2, 2, 2], away: 3, back: 4 },
  { name: 'after longer than it holds', segments: [2, 2, 2, 2, 2, 2], away: 60, back: 6 },
  { name: 'of uneven segments', segments: [6, 1, 1, 6, 1, 1], away: 1, back: 6 },
  { name: 'of few segments', segments: [4], away: 10, back: 3 },
  { name: 'of none', segments: [], away: 10, back: 3 },
])('a playlist is begun early enough $name', ({ segments, away, back }) => {
  expect(segmentsBack(segments, away)).toBe(back);
});

it('lengths are read off a playlist', () => {
  const text = '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.5,\na.ts\n#EXTINF:2,title\nb.ts\n';
  expect(segmentLengths(text)).toEqual([1.5, 2]);
});
