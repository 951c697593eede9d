import { describe, expect, it } from 'vitest';
import { buildJournal, layOutListed, sizeOf, withoutHoles } from './journal.ts';
import { planParts } from './part-plan.ts';

const part = (number: number, offset: number, size: number) => ({
  number,
  offset,
  size,
  receipt: `r${number}`,
});
const plan = planParts({ minPartSize: 1, maxPartSize: 1e9, maxParts: 100, equalParts: false }, 100);

describe('the journal', () => {
  it('names the parts that the storage holds, in the size it holds them in', () => {
    const head = { version: 1, storage: 's', key: 'k', contentType: 'video/mp4', token: 't' } as const;
    const record = { crc32: 0, bytes: [], sealed: true, suspect: false };
    const journal = buildJournal(head, [
      {
        ...record,
        number: 1,
        offset: 0,
        size: 100,
        revision: 1,
        stored: { revision: 1, size: 100, receipt: 'r1' },
      },
      {
        ...record,
        number: 2,
        offset: 100,
        size: 80,
        revision: 9,
        stored: { revision: 4, size: 40, receipt: 'r2' },
      },
      {
        ...record,
        number: 3,
        offset: 180,
        size: 10,
        revision: 1,
        pending: [{ revision: 1, size: 10, receipt: 'r3' }],
      },
    ]);
    expect(journal.parts).toEqual([part(1, 0, 100), part(2, 100, 40)]);
    expect(journal.pending).toEqual([part(3, 180, 10)]);
    expect(buildJournal(head, [])).toEqual({ ...head, parts: [] });
  });
});

describe('what parts make without a hole', () => {
  it.each([
    ['all in order', [part(1, 0, 100), part(2, 100, 40)], 140],
    ['in any order', [part(2, 100, 40), part(1, 0, 100)], 140],
    ['up to a missing part', [part(1, 0, 100), part(3, 200, 40)], 100],
    ['up to a provisional part', [part(1, 0, 100), part(2, 100, 40), part(3, 200, 40)], 140],
    ['nothing without part 1', [part(2, 100, 40)], 0],
  ])('is %s', (_, parts, size) => {
    expect(sizeOf(withoutHoles(parts))).toBe(size);
  });

  it('is found from a listing without offsets: a short part is the last', () => {
    const listed = (number: number, size: number) => ({ number, size, receipt: `r${number}` });
    expect(layOutListed(plan, [listed(1, 120), listed(2, 100), listed(3, 30)], [])).toEqual([
      part(1, 0, 120),
      part(2, 120, 100),
      part(3, 220, 30),
    ]);
    expect(sizeOf(layOutListed(plan, [listed(1, 120), listed(2, 60), listed(3, 100)], []))).toBe(180);
    expect(layOutListed(plan, [listed(2, 100)], [])).toEqual([]);
    // An earlier version may have planned smaller parts.
    const small = [listed(1, 50), listed(2, 50), listed(3, 50)];
    const journal = [part(1, 0, 50), part(2, 50, 50), part(3, 100, 20)];
    expect(sizeOf(layOutListed(plan, small, journal))).toBe(150);
  });
});
