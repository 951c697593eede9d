import { expect, it } from 'vitest';
import { findCondition, isTrue, setCondition, setConditions } from './condition.ts';

const at = (second: number) => ({ now: new Date(second * 1000), generation: 3 });
const ready = { type: 'Ready', status: 'True', reason: 'Recording', message: 'Records.' } as const;

it('keeps the time of the last transition while the status stays', () => {
  const first = setCondition([], ready, at(0));
  expect(first).toEqual([
    { ...ready, lastTransitionTime: '1970-01-01T00:00:00.000Z', observedGeneration: 3 },
  ]);
  const again = setCondition(first, { ...ready, reason: 'Paused' }, at(5));
  expect(again[0]).toMatchObject({ reason: 'Paused', lastTransitionTime: '1970-01-01T00:00:00.000Z' });
  const changed = setCondition(again, { ...ready, status: 'False' }, at(9));
  expect(changed[0]?.lastTransitionTime).toBe('1970-01-01T00:00:09.000Z');
});

it('replaces in place and adds at the end, without touching what it was given', () => {
  const before = setConditions([], [ready, { ...ready, type: 'Stalled', status: 'False' }], at(0));
  const after = setConditions(
    before,
    [
      { ...ready, status: 'Unknown' },
      { ...ready, type: 'Complete' },
    ],
    at(1),
  );
  expect(after.map(({ type, status }) => `${type}=${status}`)).toEqual([
    'Ready=Unknown',
    'Stalled=False',
    'Complete=True',
  ]);
  expect(before[0]?.status).toBe('True');
  expect(isTrue(after, 'Complete')).toBe(true);
  expect(isTrue(undefined, 'Complete')).toBe(false);
  expect(findCondition(after, 'Nothing')).toBeUndefined();
});
