import { expect, it } from 'vitest';
import { randomKills } from './random-kills.ts';

it('loses no recording to kills at random moments', { timeout: 600_000 }, async () => {
  const { outcomes, leftovers } = await randomKills({ kills: 8, seed: 7 });
  expect(outcomes).toHaveLength(8);
  expect(outcomes.filter(({ lost }) => lost !== undefined)).toEqual([]);
  expect(Math.max(...outcomes.map(({ missingSeconds }) => missingSeconds))).toBeLessThanOrEqual(8);
  expect(Math.max(...outcomes.map(({ finalSeconds }) => finalSeconds))).toBeLessThanOrEqual(60);
  expect(outcomes.filter(({ killed }) => killed > 0).length).toBeGreaterThanOrEqual(outcomes.length / 2);
  expect(leftovers).toEqual([]);
});
