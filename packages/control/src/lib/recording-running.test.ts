import type { Recording, RecordingStatus, RunReport } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { defaultTiming } from './options.ts';
import { planRunning } from './recording-running.ts';
import type { RecordingSnapshot } from './recording-snapshot.ts';

const started = Date.parse('2026-11-21T09:00:00Z');
const at = (seconds: number) => new Date(started + seconds * 1000);
const hour = 3600;

function report(more: Partial<RunReport>): RunReport {
  return {
    version: 1,
    id: 'u-1',
    sequence: 1,
    time: at(0).toISOString(),
    state: 'Recording',
    progress: { durationSeconds: 0, bytesRecorded: 0, bytesUploaded: 0, lagSeconds: 0, bitrate: 0 },
    files: [],
    gaps: [],
    pauses: [],
    notices: [],
    ...more,
  };
}

/** Whether a run that may record for an hour, and has run for so long, is terminated. */
function isTerminated(
  seconds: number,
  said: Partial<RunReport>,
  source: Recording['spec']['source'] = { type: 'TestCard' },
  conditions: RecordingStatus['conditions'] = [],
  mode: 'Record' | 'Finish' = 'Record',
): boolean {
  const status: RecordingStatus = {
    attempts: [{ number: 1, mode, startTime: at(0).toISOString() }],
    conditions,
  };
  const snapshot: RecordingSnapshot = {
    recording: {
      apiVersion: 'tapedeck.dev/v1alpha1',
      kind: 'Recording',
      metadata: { name: 'physics', namespace: 'default', uid: 'u' },
      spec: { source, maxDuration: '1h' },
      status,
    },
    storages: [],
    reports: [report({ time: at(seconds).toISOString(), ...said })],
    observation: { state: 'Running', startTime: at(0).toISOString() },
    sameName: false,
    now: at(seconds),
    since: at(0),
  };
  const { after } = planRunning(snapshot, { timing: defaultTiming }, status);
  return after.some(({ type }) => type === 'Terminate');
}

/** The first attempt of a recording, and nothing said of it yet. */
const begun: RecordingStatus = {
  attempts: [{ number: 1, mode: 'Record', startTime: at(0).toISOString() }],
};

/** What is planned for it, `now` seconds after it began; `more`: what is otherwise than usual. */
function plannedAt(
  now: number,
  more: Partial<RecordingSnapshot>,
  status = begun,
  spec = {},
  namespace = 'default',
) {
  const snapshot: RecordingSnapshot = {
    recording: {
      apiVersion: 'tapedeck.dev/v1alpha1',
      kind: 'Recording',
      metadata: { name: 'physics', namespace, uid: 'u' },
      spec: { source: { type: 'TestCard' }, ...spec },
      status,
    },
    storages: [],
    reports: [],
    sameName: false,
    now: at(now),
    since: at(0),
    ...more,
  };
  return planRunning(snapshot, { timing: defaultTiming }, status);
}

const recordingSince = (seconds: number): RecordingStatus['conditions'] => [
  {
    type: 'Recording',
    status: 'True',
    reason: 'Recording',
    message: 'It records.',
    lastTransitionTime: at(seconds).toISOString(),
  },
];
const twoHours = { startSeconds: 60, durationSeconds: 2 * hour };

it.each([
  ['at work within its time', hour, {}, false],
  ['at work long after it', 1.3 * hour, {}, true],
  ['uploading long after it', 1.3 * hour, { state: 'Uploading' as const }, true],
  ['paused for hours', 5 * hour, { state: 'Paused' as const }, false],
  ['at work again after a pause of hours', 3 * hour, { pauses: [twoHours] }, false],
  ['still at work long after its time and its pause', 3.3 * hour, { pauses: [twoHours] }, true],
  [
    'at work again after a source that was away for hours',
    3 * hour,
    { gaps: [{ ...twoHours, reason: 'SourceLost' as const }] },
    false,
  ],
])('a run %s: terminated only when it should long have ended', (_, seconds, said, terminated) => {
  expect(isTerminated(seconds, said, undefined, recordingSince(0))).toBe(terminated);
});

it('a run that has just gone on has not counted its pause yet', () => {
  expect(isTerminated(3 * hour, {}, undefined, recordingSince(3 * hour - 1))).toBe(false);
});

it('a run whose control was away for its pause is judged by what it says now', () => {
  expect(isTerminated(5 * hour, { state: 'Paused', time: at(3 * hour).toISOString() })).toBe(true);
});

it('a run that only delivers what others left ends in the same time', () => {
  const said = { state: 'Uploading' as const };
  expect(isTerminated(hour, said, undefined, [], 'Finish')).toBe(false);
  expect(isTerminated(1.3 * hour, said, undefined, [], 'Finish')).toBe(true);
});

it('a source may be waited for as long as its recording allows', () => {
  const stream = { url: 'rtmp://h/app/key', startTimeout: '1h', lostTimeout: '1h' };
  expect(isTerminated(1.9 * hour, { state: 'Starting' }, { type: 'Stream', stream })).toBe(false);
});

it('a run that cannot begin says why, and that somebody has to act', () => {
  const waiting = { reason: 'ImageNotPulled', message: 'The image cannot be pulled.' };
  const { status: told, after } = plannedAt(5, {
    reports: [],
    observation: { state: 'Running', startTime: at(0).toISOString(), waiting },
  });
  const stalled = told.conditions?.find(({ type }) => type === 'Stalled');
  expect(told.phase).toBe('Starting');
  expect(stalled).toMatchObject({ status: 'True', ...waiting });
  expect(after).toEqual([{ type: 'Event', event: { type: 'Warning', ...waiting } }]);
});

it.each([
  ['default', 'tapedeck resume physics'],
  ['school', 'tapedeck resume physics -n school'],
])('a run that is paused says what goes on, in namespace %s', (namespace, command) => {
  const { status: told } = plannedAt(
    1,
    { reports: [report({ state: 'Paused' })], observation: { state: 'Running' } },
    begun,
    { state: 'Paused' },
    namespace,
  );
  expect(told.conditions?.[0]?.message).toBe(
    `It is paused; "${command}" goes on, and so does setting spec.state to Recording.`,
  );
});

it.each([
  ['a run that reports', 59, [report({})], 'Recording', '^It records'],
  [
    'a run that is silent',
    61,
    [report({})],
    'ExpiredToken',
    'has been heard of its run since .* It was refused',
  ],
  ['a run that has just begun', 59, [], 'Starting', 'waits for the first picture'],
  ['a run of which nothing was ever heard', 61, [], 'ExpiredToken', '^It was refused'],
] as const)('what was refused in the name of %s', (_, silent, reports, reason, words) => {
  const refused = { reason: 'ExpiredToken', message: 'It was refused.' };
  const { status: told } = plannedAt(silent, {
    reports,
    observation: { state: 'Running', startTime: at(0).toISOString(), refused },
  });
  const ready = told.conditions?.find(({ type }) => type === 'Ready');
  expect(ready?.reason).toBe(reason);
  expect(ready?.message).toMatch(new RegExp(words));
});

it.each([
  [59, 'Recording', 'Recording'],
  [61, 'Recording', 'NotHeard'],
  [61, 'Paused', 'NotHeard'],
  [61, 'Uploading', 'Uploading'],
] as const)('a run that was silent for %d s while %s tells %s', (silent, state, reason) => {
  const { status: told, after } = plannedAt(silent, {
    reports: [report({ state })],
    observation: { state: 'Running', startTime: at(0).toISOString(), pod: 'rec-1', node: 'node-1' },
  });
  expect(told.phase).toBe(state);
  const ready = told.conditions?.find(({ type }) => type === 'Ready');
  expect(ready).toMatchObject({ status: 'True', reason });
  if (reason !== 'NotHeard') return;
  expect(ready?.message).toContain(`since ${at(0).toISOString()}`);
  expect(ready?.message).toContain('rec-1 on node-1');
  expect(after).toMatchObject([{ type: 'Event', event: { type: 'Warning', reason } }]);
});

it('goes on telling of a silent run when control begins anew, and writes nothing for it', () => {
  const seen = (now: number, since: number, before: RecordingStatus) =>
    plannedAt(
      now,
      {
        reports: [report({ state: 'Recording' })],
        observation: { state: 'Running', startTime: at(0).toISOString(), pod: 'rec-1', node: 'node-1' },
        since: at(since),
      },
      before,
    );
  const silent = seen(61, 0, begun).status;
  expect(seen(301, 300, silent)).toMatchObject({ status: silent, after: [] });
  // One that nothing was said of may have reported to nobody meanwhile.
  const { status: unknown } = seen(301, 300, seen(30, 0, begun).status);
  expect(unknown.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('Recording');
});
