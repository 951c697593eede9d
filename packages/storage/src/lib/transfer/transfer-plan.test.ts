import { describe, expect, it } from 'vitest';
import { s3Capabilities } from '../drivers/s3/s3-capabilities.ts';
import { heldParts, planTransfer } from './transfer-plan.ts';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

describe('the parts of an object whose length is known', () => {
  it.each<[string, number, number, number, number]>([
    ['a byte', 1, 1, 1, 3],
    ['exactly one part', 5 * MiB, 1, 5 * MiB, 3],
    ['a byte more', 5 * MiB + 1, 2, 5 * MiB, 3],
    ['what a journal of 1,000 parts still holds', 1000 * 5 * MiB, 1000, 5 * MiB, 3],
    ['more than that', 8 * GiB, 911, 9 * MiB, 3],
    ['much more', 64 * GiB, 4096, 16 * MiB, 2],
    ['more than 10,000 such parts', 200 * GiB, 9753, 21 * MiB, 1],
  ])('of %s', (_, size, count, first, parallel) => {
    const plan = planTransfer(size, s3Capabilities);
    expect(plan.parts).toHaveLength(count);
    expect(plan.parts[0]?.size).toBe(Math.min(first, size));
    expect(plan.parallel).toBe(parallel);
    const sizes = new Set(plan.parts.slice(0, -1).map((part) => part.size));
    expect(sizes.size).toBeLessThanOrEqual(1);
    expect(plan.parts.reduce((end, part) => (part.offset === end ? end + part.size : Number.NaN), 0)).toBe(
      size,
    );
    expect(plan.parallel * first).toBeLessThanOrEqual(32 * MiB);
  });

  it('are whole multiples, one at a time, where the service wants them in order', () => {
    const limits = { ...s3Capabilities, minPartSize: 256 * 1024, sequence: { multiple: 256 * 1024 } };
    const plan = planTransfer(12 * MiB, limits);
    expect(plan.parallel).toBe(1);
    expect(plan.parts.slice(0, -1).every(({ size }) => size % (256 * 1024) === 0)).toBe(true);
  });

  it('are refused where they would not fit into memory', () => {
    expect(() => planTransfer(700 * GiB, s3Capabilities)).toThrow('record with a shorter splitEvery');
  });
});

describe('parts that an earlier process sent', () => {
  const plan = planTransfer(14 * MiB, s3Capabilities);
  const part = (number: number, more: object = {}) => ({
    number,
    offset: (number - 1) * 5 * MiB,
    size: number === 3 ? 4 * MiB : 5 * MiB,
    receipt: number,
    crc32: '00000000',
    ...more,
  });
  const numbers = (parts: ReturnType<typeof part>[], limits = s3Capabilities) =>
    heldParts(plan, { parts }, limits).map(({ number }) => number);

  it('are not sent again', () => {
    expect(numbers([part(1), part(3)])).toEqual([1, 3]);
  });
  it('are sent again where they are cut in another way, or their checksum is not known', () => {
    expect(numbers([part(1, { size: MiB }), part(2, { offset: 0 }), part(3, { crc32: undefined })])).toEqual(
      [],
    );
  });
  it('count up to the first hole where the service takes parts in order', () => {
    expect(numbers([part(1), part(3)], { ...s3Capabilities, sequence: { multiple: MiB } })).toEqual([1]);
  });
});
