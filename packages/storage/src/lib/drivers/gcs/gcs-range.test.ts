import { describe, expect, it } from 'vitest';
import { persistedBytes, rangeOf, viewsFrom, viewsUpTo } from './gcs-range.ts';

const views = ['abc', 'de', 'fgh'].map((text) => Buffer.from(text));
const textOf = (parts: readonly Uint8Array[]) => parts.map((part) => Buffer.from(part).toString());

describe("a session's ranges", () => {
  it.each([
    [0, 10, false, 'bytes 0-9/*'],
    [10, 5, true, 'bytes 10-14/15'],
    [15, 0, true, 'bytes */15'],
    [0, 0, true, 'bytes */0'],
  ])('from %i, %i bytes, last: %s', (start, size, isLast, expected) => {
    expect(rangeOf(start, size, isLast)).toBe(expected);
  });

  it.each([
    [undefined, 0],
    ['bytes=0-0', 1],
    ['bytes=0-262143', 262_144],
    ['nonsense', 0],
  ])('%s is %i bytes', (range, expected) => {
    expect(persistedBytes(range)).toBe(expected);
  });

  it('cut views without copying them', () => {
    expect(textOf(viewsFrom(views, 0))).toEqual(['abc', 'de', 'fgh']);
    expect(textOf(viewsFrom(views, 4))).toEqual(['e', 'fgh']);
    expect(textOf(viewsFrom(views, 8))).toEqual([]);
    expect(textOf(viewsUpTo(views, 4))).toEqual(['abc', 'd']);
    expect(textOf(viewsUpTo(views, 0))).toEqual([]);
  });
});
