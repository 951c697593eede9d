import { describe, expect, it } from 'vitest';
import { placeAfter } from './kept-parts.ts';
import { planParts } from './part-plan.ts';

const limits = { minPartSize: 1, maxPartSize: 1_000, maxParts: 10, equalParts: false };
const base = (...sizes: number[]) => {
  let offset = 0;
  return sizes.map((size, index) => {
    const part = { number: index + 1, offset, size, receipt: null };
    offset += size;
    return part;
  });
};

describe('where what was kept goes on', () => {
  const session = { ...limits, sequence: { multiple: 4 } };
  const table = [
    ['from the beginning, when nothing is there', base(), limits, true, { number: 1, offset: 0 }],
    ['behind a whole part', base(120, 100), limits, true, { number: 3, offset: 220 }],
    ['in place of an unfinished part', base(120, 40), limits, true, { number: 2, offset: 120 }],
    ['nowhere behind a short one that cannot be put again', base(120, 40), limits, false, undefined],
    ['behind a multiple', base(120), session, false, { number: 2, offset: 120 }],
    ['nowhere behind something else', base(122), session, false, undefined],
  ] as const;
  it.each(table)('%s', (_what, parts, given, replaceParts, expected) => {
    expect(
      placeAfter(parts, { plan: planParts(given, 100), driver: { capabilities: { replaceParts } } }),
    ).toEqual(expected);
  });
});
