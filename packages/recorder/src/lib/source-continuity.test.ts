import { expect, it } from 'vitest';
import { createSourceContinuity } from './source-continuity.ts';

const marks = (from: number, letters: string) =>
  [...letters].map((mark, index) => ({ mark, seconds: from + index }));

it('finds what a source that is opened anew brings once more', () => {
  const continuity = createSourceContinuity();
  expect(continuity.begin(marks(0, 'abc'))).toBeUndefined();
  continuity.end(marks(0, 'abcdefg'));
  // What was at 4 s is at 0 s now.
  expect(continuity.begin(marks(0, 'efg'))).toBe(-4);
  continuity.end(marks(0, 'efghi'));
  expect(continuity.begin(marks(0.5, 'gh'))).toBe(-1.5);
});

it('finds it by a later mark where the first was not kept', () => {
  const continuity = createSourceContinuity();
  continuity.begin([]);
  continuity.end(marks(0, 'abc'));
  expect(continuity.begin(marks(10, 'xbc'))).toBe(10);
});

it('takes the last of what looks the same, and nothing for what is new', () => {
  const continuity = createSourceContinuity();
  continuity.begin([]);
  continuity.end(marks(0, 'aaaa'));
  expect(continuity.begin(marks(0, 'aaa'))).toBe(-3);
  expect(continuity.begin(marks(0, 'xyz'))).toBeUndefined();
  // That was another broadcast: what came before it is no use any more.
  continuity.end(marks(0, 'xyz'));
  expect(continuity.begin(marks(0, 'aaa'))).toBeUndefined();
});

it('knows what another process captured, in that time', () => {
  const continuity = createSourceContinuity(marks(100, 'abc'));
  expect(continuity.begin(marks(0, 'bcd'))).toBe(-101);
});

it('goes on from a capture that only brought what was known', () => {
  const continuity = createSourceContinuity();
  continuity.begin([]);
  continuity.end(marks(0, 'abcdef'));
  continuity.begin(marks(0, 'cd'));
  continuity.end(marks(0, 'cd'));
  expect(continuity.begin(marks(0, 'ef'))).toBe(-2);
});
