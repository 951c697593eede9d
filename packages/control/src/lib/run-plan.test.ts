import { expect, it } from 'vitest';
import { allowanceLeft } from './run-plan.ts';

it.each([
  ['a stop asked for in advance', { maxDurationSeconds: 60, stopAfterSeconds: 10 }, 10, 'Elapsed'],
  ['the longest it may be', { maxDurationSeconds: 60 }, 60, 'MaxDuration'],
  ['neither', { maxDurationSeconds: 60, stopAfterSeconds: 10 }, 5, undefined],
])('says that %s is reached', (_, config, mediaSeconds, over) => {
  expect(allowanceLeft(config, mediaSeconds).over).toBe(over);
});
