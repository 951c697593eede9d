import { describe, expect, it } from 'vitest';
import { cutEqually, isWholePart, type PartPlan, placeUnit, planParts } from './part-plan.ts';

const MiB = 1024 * 1024;
const GB = 1e9;
const s3 = { minPartSize: 5 * MiB, maxPartSize: 5 * 1024 * MiB, maxParts: 10_000, equalParts: false };

const capacity = (plan: PartPlan) => {
  let sum = 0;
  for (let number = 1; number <= plan.maxParts; number++) sum += plan.targetSize(number);
  return sum;
};

describe('the part plan', () => {
  it('begins with the smallest parts that S3 takes and never shrinks', () => {
    const plan = planParts(s3);
    const sizes = Array.from({ length: 10_000 }, (_, index) => plan.targetSize(index + 1));
    expect(sizes[0]).toBe(5 * MiB);
    expect(sizes.every((size, index) => index === 0 || size >= (sizes[index - 1] ?? 0))).toBe(true);
    expect(sizes.every((size) => size >= s3.minPartSize && size <= s3.maxPartSize)).toBe(true);
  });

  it('holds 2 h at 80 Mbit/s without parts that do not fit in memory', () => {
    const plan = planParts(s3);
    const size = (80e6 / 8) * 7200;
    let sum = 0;
    let number = 0;
    while (sum < size) sum += plan.targetSize(++number);
    expect(plan.targetSize(number)).toBeLessThanOrEqual(16 * MiB);
    expect(capacity(plan)).toBeGreaterThan(150 * GB);
  });

  it.each([
    ['no minimum', { ...s3, minPartSize: 1 }, 5 * MiB],
    ['a larger minimum', { ...s3, minPartSize: 10 * MiB }, 10 * MiB],
    ['a small maximum', { ...s3, minPartSize: 1, maxPartSize: 4 * MiB }, 4 * MiB],
    ['equal parts', { ...s3, equalParts: true }, 8 * MiB],
  ])('keeps to a service with %s', (_, limits, first) => {
    expect(planParts(limits).targetSize(1)).toBe(first);
  });

  it('keeps equal parts equal to the last number', () => {
    const plan = planParts({ ...s3, equalParts: true });
    expect(plan.targetSize(10_000)).toBe(plan.targetSize(1));
    expect(capacity(plan)).toBe(10_000 * 8 * MiB);
  });

  it('tells a part that was cut because it was full from an unfinished one', () => {
    const plan = planParts(s3);
    expect(isWholePart(plan, 1, 5 * MiB)).toBe(true);
    expect(isWholePart(plan, 1, 5 * MiB - 1)).toBe(false);
  });
});

describe('placing a unit', () => {
  const free = planParts(s3, 5 * MiB);
  const equal = planParts({ ...s3, equalParts: true, minPartSize: 1 }, 100);

  it.each([
    ['is added whole where parts may differ', free, 4 * MiB, 3 * MiB, 8, { filler: 0, pieces: [3 * MiB] }],
    ['fits', equal, 0, 50, 8, { filler: 0, pieces: [50] }],
    ['fits exactly', equal, 50, 50, 8, { filler: 0, pieces: [50] }],
    ['leaves just enough for filler', equal, 50, 42, 8, { filler: 0, pieces: [42] }],
    ['would leave too little for filler', equal, 50, 43, 8, { filler: 50, pieces: [43] }],
    ['does not fit behind what is there', equal, 50, 60, 8, { filler: 50, pieces: [60] }],
    ['fits no part by itself', equal, 50, 230, 8, { filler: 0, pieces: [50, 100, 80] }],
    ['finds no room for filler', equal, 95, 60, 8, { filler: 0, pieces: [5, 55] }],
    ['has no filler at all', equal, 50, 60, undefined, { filler: 0, pieces: [50, 10] }],
    ['fits without filler', equal, 50, 45, undefined, { filler: 0, pieces: [45] }],
  ])('that %s', (_, plan, filled, size, minFiller, expected) => {
    expect(placeUnit(plan, { number: 1, filled }, size, minFiller)).toEqual(expected);
  });

  it.each([
    ['leaves the part short of its target', 30, 60, 8, { filler: 0, pieces: [60] }],
    ['ends it at a multiple', 50, 70, 8, { filler: 0, pieces: [70] }],
    ['is padded to the next multiple', 50, 65, 8, { filler: 0, pieces: [65], padding: 25 }],
    [
      'is padded to the one after where filler is too small',
      50,
      85,
      8,
      { filler: 0, pieces: [85], padding: 25 },
    ],
    ['is cut at the last multiple without filler', 50, 65, undefined, { filler: 0, pieces: [50, 15] }],
    ['is cut at the last of many', 0, 235, undefined, { filler: 0, pieces: [220, 15] }],
  ])('where parts are multiples %s', (_, filled, size, minFiller, expected) => {
    const sequence = { multiple: 20 };
    const plan = planParts(
      { minPartSize: 20, maxPartSize: 1e9, maxParts: 10_000, equalParts: false, sequence },
      100,
    );
    expect(placeUnit(plan, { number: 1, filled }, size, minFiller)).toEqual(expected);
  });

  it('cuts what may be cut anywhere at the parts', () => {
    expect(cutEqually(250, 30, 100)).toEqual([30, 100, 100, 20]);
    expect(cutEqually(30, 30, 100)).toEqual([30]);
    expect(cutEqually(10, Number.POSITIVE_INFINITY, 100)).toEqual([10]);
  });
});
