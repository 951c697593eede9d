import { expect, it } from 'vitest';
import { recordingLimit } from './recording-limit.ts';

it.each([
  ['nothing but maxDuration', { maxDurationSeconds: 60 }, { seconds: 60, reason: 'MaxDuration' }],
  ['less', { maxDurationSeconds: 60, stopAfterSeconds: 10 }, { seconds: 10, reason: 'Elapsed' }],
  ['the same', { maxDurationSeconds: 60, stopAfterSeconds: 60 }, { seconds: 60, reason: 'Elapsed' }],
  ['more', { maxDurationSeconds: 60, stopAfterSeconds: 90 }, { seconds: 60, reason: 'MaxDuration' }],
])('ends by the nearer limit and names it, where a stop in advance asks for %s', (_, spec, limit) => {
  expect(recordingLimit(spec)).toEqual(limit);
});
