import type { RunReport } from '@tapedeck/core';
import { expect, it } from 'vitest';
import type { RunObservation } from './ports.ts';
import { runEnd } from './run-exit.ts';

const report = (result?: RunReport['result']): RunReport => ({
  version: 1,
  id: 'u-1',
  sequence: 1,
  time: '2026-11-21T09:00:00Z',
  state: 'Ended',
  progress: { durationSeconds: 0, bytesRecorded: 0, bytesUploaded: 0, lagSeconds: 0, bitrate: 0 },
  files: [],
  gaps: [],
  pauses: [],
  notices: [],
  ...(result === undefined ? {} : { result }),
});
const complete = report({ exit: 'Complete' });

const table: readonly (readonly [string, RunObservation, RunReport | undefined, string | undefined])[] = [
  ['still going, whatever it says', { state: 'Running' }, complete, undefined],
  ['never begun', { state: 'Absent' }, undefined, undefined],
  ['gone without a trace', { state: 'Absent' }, report(), 'Lost'],
  ['gone, its word is there', { state: 'Absent' }, complete, 'Complete'],
  ['its result file alone', { state: 'Exited', exitCode: 0, report: complete }, undefined, 'Complete'],
  ['killed after its last word', { state: 'Exited', signal: 'SIGKILL' }, complete, 'Complete'],
  ['killed before', { state: 'Exited', signal: 'SIGKILL' }, report(), 'Killed'],
  ['0 without a result', { state: 'Exited', exitCode: 0 }, report(), 'Killed'],
  ['a known code', { state: 'Exited', exitCode: 76 }, report(), 'Undelivered'],
  ['another code', { state: 'Exited', exitCode: 137 }, report(), 'Killed'],
  ['no code at all', { state: 'Exited' }, report(), 'Killed'],
];

it.each(table)('%s', (_what, observation, said, end) => {
  expect(runEnd(observation, said)?.end).toBe(end);
});

it('says what ended a run that did not end by itself', () => {
  const cause = { reason: 'Evicted', message: 'The node was low on memory.' };
  expect(runEnd({ state: 'Exited', exitCode: 137, cause }, report())).toEqual({
    end: 'Killed',
    message: 'Evicted: The node was low on memory.',
  });
});

it('tells a run that went with its node from one that was killed on it', () => {
  const cause = { reason: 'NodeLost', message: 'Nothing is heard of node-1 any more.' };
  expect(runEnd({ state: 'Exited', cause }, report())).toEqual({ end: 'NodeLost', message: cause.message });
});
