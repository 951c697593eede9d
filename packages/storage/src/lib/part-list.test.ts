import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createPartList, headLast } from './part-list.ts';
import { planParts } from './part-plan.ts';

const limits = { minPartSize: 1, maxPartSize: 1e9, maxParts: 5, equalParts: false };
const list = (maxParts = 5) => createPartList(planParts({ ...limits, maxParts }, 10));
const content = (parts: ReturnType<typeof list>) =>
  parts.parts.map((part) => Buffer.concat(part.bytes ?? []).toString());

describe('the part list', () => {
  it('seals a part with the unit that fills it, and tells where each unit begins', () => {
    const parts = list();
    expect(['12345', '67890ab', 'c'].map((unit) => parts.add(Buffer.from(unit)))).toEqual([0, 5, 12]);
    expect(content(parts)).toEqual(['1234567890ab', 'c']);
    expect(parts.parts.map(({ number, offset, size, sealed }) => [number, offset, size, sealed])).toEqual([
      [1, 0, 12, true],
      [2, 12, 1, false],
    ]);
    expect([parts.size, parts.growing?.number, parts.wholeInMemory]).toEqual([13, 2, false]);
  });

  it.each([
    ['nothing', [], '', ['']],
    ['only a tail', [], 'tail', ['tail']],
    ['whole parts and no tail', ['1234567890'], '', ['1234567890']],
    ['a tail that fits the last part', ['12345'], 'tail', ['12345tail']],
    ['a tail behind a whole part', ['1234567890'], 'tail', ['1234567890', 'tail']],
    ['a tail that is cut', ['12345'], 'abcdefghijklmnopq', ['12345abcde', 'fghijklmnopq'.slice(0, 10), 'pq']],
  ])('ends with %s', (_, units, tail, expected) => {
    const parts = list();
    for (const unit of units) parts.add(Buffer.from(unit));
    parts.end(Buffer.from(tail));
    expect(content(parts)).toEqual(expected);
    expect(parts.parts.every((part) => part.sealed && part.revision > 0)).toBe(true);
    expect(parts.crc32()).toBe(crc32(Buffer.from(expected.join(''))));
  });

  it('replaces the start, in another length only while there is one part', () => {
    const parts = list();
    parts.add(Buffer.from('12345'));
    parts.replaceStart(3, Buffer.from('ab'));
    expect(content(parts)).toEqual(['ab45']);
    parts.add(Buffer.from('67890ab'));
    parts.add(Buffer.from('c'));
    parts.replaceStart(2, Buffer.from('XY'));
    expect(content(parts)).toEqual(['XY4567890ab', 'c']);
    expect(parts.crc32()).toBe(crc32(Buffer.from('XY4567890abc')));
    expect(() => parts.replaceStart(2, Buffer.from('longer'))).toThrow(/length/);
    expect(() => parts.replaceStart(12, Buffer.alloc(12))).toThrow(/part 1/);
  });

  it('ends parts at multiples, with filler between units and before the tail where there is some', () => {
    const plan = planParts({ ...limits, sequence: { multiple: 5 } }, 10);
    const units = ['1234567', '89abcde', 'xyz'].map((unit) => Buffer.from(unit));
    const filled = createPartList(plan, { make: (size) => Buffer.alloc(size, '.'), minSize: 2 });
    expect(units.map((unit) => filled.add(unit))).toEqual([0, 7, 20]);
    filled.end(Buffer.from('tail'));
    expect(content(filled)).toEqual(['123456789abcde......', 'xyz...tail']);
    const cut = createPartList(plan);
    expect(units.map((unit) => cut.add(unit))).toEqual([0, 7, 14]);
    cut.end(Buffer.from('tail'));
    expect(content(cut)).toEqual(['123456789a', 'bcdexyztai', 'l']);
    const empty = createPartList(plan, { make: (size) => Buffer.alloc(size, '.'), minSize: 2 });
    empty.end(Buffer.alloc(0));
    expect(content(empty)).toEqual(['']);
  });

  it('stops while there is a number left for the tail', () => {
    const parts = list(3);
    for (let unit = 0; unit < 2; unit++) parts.add(Buffer.alloc(10));
    expect(() => parts.add(Buffer.alloc(10))).toThrow(/most this storage takes/);
    parts.end(Buffer.alloc(35));
    expect(parts.parts.map((part) => part.size)).toEqual([10, 10, 35]);
  });

  it('takes 10,000 parts and no 10,001st, and says what to do instead', () => {
    const parts = createPartList(planParts({ ...limits, maxParts: 10_000 }, 10));
    for (let unit = 1; unit < 10_000; unit++) parts.add(Buffer.alloc(10));
    expect(() => parts.add(Buffer.alloc(10))).toThrow(/99990 bytes.*split the recording more often/);
    parts.end(Buffer.alloc(25));
    expect(parts.parts.at(-1)).toMatchObject({ number: 10_000, size: 25 });
    expect(parts.size).toBe(99_990 + 25);
  });
});

it('the head goes last, the others in order', () => {
  const numbers = (...all: number[]) =>
    headLast(all.map((number) => ({ number }))).map(({ number }) => number);
  expect(numbers(1, 2, 3)).toEqual([2, 3, 1]);
  expect(numbers(2, 3)).toEqual([2, 3]);
  expect(numbers(1)).toEqual([1]);
});
