import { expect, it } from 'vitest';
import { nearestName } from './nearest.ts';

it.each([
  ['storge', 'storage'],
  ['STORAGE', 'storage'],
  ['roomm', 'room'],
  ['x', undefined],
  ['completelyDifferent', undefined],
])('%s → %s', (word, nearest) => {
  expect(nearestName(word, ['source', 'storage', 'room'])).toBe(nearest);
});
