import { expect, it } from 'vitest';
import { createFormatBorder } from './capture-format-border.ts';
import type { Fragment, InitSegment, Track } from './media.ts';

const track = (id: number, type: Track['type'], timescale: number): Track => ({
  ...{ id, type, timescale, codec: 'x' },
  sampleDescription: new Uint8Array(),
});
const init = (...tracks: Track[]): InitSegment => ({ kind: 'init', bytes: new Uint8Array(), tracks });
const fragment = (...times: [trackId: number, baseDecodeTime: number][]): Fragment => ({
  ...{ kind: 'fragment', bytes: new Uint8Array(), startsWithKeyFrame: true, startSeconds: 0, endSeconds: 0 },
  tracks: times.map(([trackId, baseDecodeTime]) => ({
    ...{ trackId, baseDecodeTime, durations: new Uint32Array(), sizes: new Uint32Array() },
    ...{ compositionOffsets: new Int32Array(), flags: new Uint32Array(), offsets: new Uint32Array() },
  })),
});

it('parts fragments by the time of their picture since the first, whatever their sound', () => {
  const border = createFormatBorder(init(track(1, 'video', 16_000), track(2, 'audio', 48_000)));
  expect(border.isBehind(fragment([1, 1_600], [2, 0]), undefined)).toBe(false);
  expect(border.isBehind(fragment([1, 17_600], [2, 480_000]), 2)).toBe(false);
  expect(border.isBehind(fragment([2, 480_000]), 2)).toBe(false);
  // FLV rounds to milliseconds.
  expect(border.isBehind(fragment([1, 33_590]), 2.001)).toBe(true);
  expect(border.isBehind(fragment([1, 33_600]), undefined)).toBe(false);
});

it('knows no border where there is no picture', () => {
  const border = createFormatBorder(init(track(1, 'audio', 48_000)));
  expect(border.isBehind(fragment([1, 48_000]), 0)).toBe(false);
});
