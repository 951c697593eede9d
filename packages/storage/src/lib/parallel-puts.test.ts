import { describe, expect, it } from 'vitest';
import { parallelPuts } from './parallel-puts.ts';

const MiB = 1024 * 1024;

describe('parallelPuts', () => {
  it.each([
    ['an empty part', 0, 4, 2],
    ['a part that could be smaller', 1, 4, 2],
    ['the first parts', 5 * MiB, 4, 2],
    ['the first parts, a long fragment over', 6 * MiB, 4, 2],
    ['equal parts', 8 * MiB, 3, 2],
    ['later parts, a fragment over', 8.5 * MiB, 2, 2],
    ['large parts', 16 * MiB, 1, 1],
    ['the largest', 64 * MiB, 1, 1],
  ])('sends of %s so many at a time, and one more at the end', (_, partSize, quick, slow) => {
    for (const [isQuick, puts] of [
      [true, quick],
      [false, slow],
    ] as const) {
      expect(parallelPuts({ partSize, isQuick })).toBe(puts);
      expect(parallelPuts({ partSize, isQuick, isAtEnd: true })).toBe(puts + 1);
    }
  });
});
