import { expect, it } from 'vitest';
import { mergeApplied } from './apply-merge.ts';

it.each([
  ['sets what is new', {}, {}, { a: 1 }, { a: 1 }],
  ['takes out what was in the file', { a: 1, b: 2 }, { a: 1, b: 2 }, { a: 1 }, { a: 1 }],
  ['keeps what others set', { a: 1, c: 3 }, { a: 1 }, { a: 1 }, { a: 1, c: 3 }],
  [
    'goes into maps',
    { m: { x: 1, y: 2, z: 3 } },
    { m: { x: 1, y: 2 } },
    { m: { x: 9 } },
    { m: { x: 9, z: 3 } },
  ],
  ['takes a list as one value', { l: [1, 2] }, { l: [1, 2] }, { l: [3] }, { l: [3] }],
  ['takes out a whole map', { m: { x: 1 } }, { m: { x: 1 } }, {}, {}],
  ['replaces a value by a map', { m: 1 }, { m: 1 }, { m: { x: 1 } }, { m: { x: 1 } }],
  ['ignores what is undefined', { a: 1 }, {}, { a: undefined }, { a: 1 }],
])('%s', (_, live, before, now, expected) => {
  expect(mergeApplied(live, before, now)).toEqual(expected);
});
