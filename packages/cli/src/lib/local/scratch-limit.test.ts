import { expect, it } from 'vitest';
import { findScratchLimit } from './scratch-limit.ts';

it('is what the environment says, or 1 GiB', () => {
  expect(findScratchLimit({})).toBe(1_073_741_824);
  expect(findScratchLimit({ TAPEDECK_SCRATCH_LIMIT: '' })).toBe(1_073_741_824);
  expect(findScratchLimit({ TAPEDECK_SCRATCH_LIMIT: '5000000' })).toBe(5_000_000);
});

it.each(['0', '-1', '1.5', '10GB', 'none'])('refuses %s', (text) => {
  expect(() => findScratchLimit({ TAPEDECK_SCRATCH_LIMIT: text })).toThrow(/whole number of bytes/);
});
