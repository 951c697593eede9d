import { expect, it } from 'vitest';
import { isSame, recordingChangeProblems, recordingChangeRules } from './recording-change.ts';

const spec = { source: { type: 'TestCard' }, room: 'a' };

it('lets through what may change, and the same in another order', () => {
  expect(recordingChangeProblems(spec, { room: 'a', source: { type: 'TestCard' }, state: 'Paused' })).toEqual(
    [],
  );
  expect(
    recordingChangeProblems({ ...spec, retention: '1h' }, { ...spec, deletionPolicy: 'Delete' }),
  ).toEqual([]);
});

it('names each field that may not, in one sentence', () => {
  const problems = recordingChangeProblems(spec, { source: { type: 'Page' }, path: 'x' });
  expect(problems).toEqual([
    expect.stringMatching(/^spec\.source, spec\.room and spec\.path cannot change once .*; delete it first/),
  ]);
  expect(recordingChangeProblems(spec, { ...spec, room: 'b' })[0]).toMatch(/^spec\.room cannot change/);
});

it('knows no way back from Stopped', () => {
  expect(recordingChangeProblems({ ...spec, state: 'Stopped' }, spec)).toHaveLength(1);
  expect(recordingChangeProblems({ ...spec, state: 'Stopped' }, { ...spec, state: 'Stopped' })).toEqual([]);
});

it('says the same in CEL', () => {
  const rules = recordingChangeRules(['room', 'state']);
  expect(rules.map(({ rule }) => rule)).toEqual([
    'has(self.room) == has(oldSelf.room) && (!has(self.room) || self.room == oldSelf.room)',
    "!(has(oldSelf.state) && oldSelf.state == 'Stopped') || (has(self.state) && self.state == 'Stopped')",
  ]);
});

it('compares as JSON does', () => {
  expect(isSame({ a: [1, { b: undefined }] }, { a: [1, {}] })).toBe(true);
  expect(isSame([1, 2], [2, 1])).toBe(false);
  expect(isSame([], {})).toBe(false);
  expect(isSame(null, {})).toBe(false);
});
