import { expect, it } from 'vitest';
import { addAttempt, beganSince } from './attempt-list.ts';

const startTime = '2026-11-21T10:00:00.000Z';

it('lets runs that only tried to deliver go first, and never the newest', () => {
  const first = { number: 1, mode: 'Record', startTime } as const;
  const finishing = Array.from({ length: 127 }, (_, index) => ({
    number: index + 2,
    mode: 'Finish' as const,
    startTime,
  }));
  const { attempts, dropped } = addAttempt([first, ...finishing], { number: 129, mode: 'Finish', startTime });
  expect(attempts).toHaveLength(128);
  expect(attempts[0]).toBe(first);
  expect(attempts.at(-1)?.number).toBe(129);
  expect(dropped.map(({ number }) => number)).toEqual([2]);
});

it.each([
  ['2026-11-21T09:00:00.500Z', true],
  ['2026-11-21T09:00:00Z', true],
  ['2026-11-21T08:59:59.999Z', false],
])('tells that one of %s began since a whole second: %s', (startTime, since) => {
  expect(beganSince({ startTime }, '2026-11-21T09:00:00Z')).toBe(since);
});
