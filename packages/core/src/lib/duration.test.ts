import { expect, it } from 'vitest';
import { durationOr, formatSeconds, parseDuration } from './duration.ts';

it.each([
  ['90s', 90],
  ['1h30m', 5400],
  ['1.5s', 1.5],
  ['250ms', 0.25],
  ['24h', 86_400],
  ['0s', 0],
  ['1h0.2s', 3600.2],
  ['1m1h', 3660],
])('%s is %d seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
  expect(parseDuration(formatSeconds(seconds))).toBe(seconds);
});

it.each(['', '5', '5 s', '-5s', '1d', '1.s', 'h', '5S', '∞'])('%j is refused with an example', (text) => {
  expect(() => parseDuration(text)).toThrow(/is not a duration; write it like 30s/);
});

it('formats seconds for a status to the millisecond', () => {
  expect(formatSeconds(1833.40004)).toBe('1833.4s');
  expect(formatSeconds(-1)).toBe('0s');
});

it('takes the default for what is absent', () => {
  expect(durationOr(undefined, 7)).toBe(7);
  expect(durationOr('1m', 7)).toBe(60);
});
