import { type RunReport, runTermination } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import type { LaunchedJob, LaunchedPod } from './launched-object.ts';
import { waitingFor } from './pod-problem.ts';
import { observeRun } from './run-observation.ts';

const now = new Date('2026-11-21T10:00:00Z');
const head = (name: string, more: object = {}) => ({
  name,
  namespace: 'default',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-11-21T09:00:00Z',
  ...more,
});
const job = (more: Partial<LaunchedJob> = {}): LaunchedJob => ({
  metadata: head('rec-u-1'),
  spec: {},
  status: { startTime: '2026-11-21T09:00:01Z' },
  ...more,
});
const failed = (reason: string): LaunchedJob =>
  job({ status: { conditions: [{ type: 'Failed', status: 'True', reason, message: 'It failed.' }] } });
type State = NonNullable<NonNullable<LaunchedPod['status']['containerStatuses']>[number]['state']>;
const pod = (
  state: State,
  status: Partial<LaunchedPod['status']> = {},
  metadata: object = {},
): LaunchedPod => ({
  metadata: head('rec-u-1-abcde', metadata),
  spec: { nodeName: 'node-1' },
  status: { phase: 'Running', containerStatuses: [{ name: 'recorder', state }], ...status },
});
const exited = (exitCode: number, more: object = {}, status: Partial<LaunchedPod['status']> = {}) =>
  pod(
    { terminated: { exitCode, finishedAt: '2026-11-21T09:30:00Z', ...more } },
    { phase: 'Failed', ...status },
  );
const report: RunReport = {
  version: 1,
  id: 'u-1',
  sequence: 4,
  time: '2026-11-21T09:30:00Z',
  state: 'Ended',
  progress: { durationSeconds: 0, bytesRecorded: 0, bytesUploaded: 0, lagSeconds: 0, bitrate: 0 },
  files: [],
  gaps: [],
  pauses: [],
  notices: [],
  result: { exit: 'Interrupted' },
};
const observe = (one: LaunchedJob | undefined, ...pods: LaunchedPod[]) => observeRun({ job: one, pods, now });

describe('a run', () => {
  it.each([
    ['that was never launched', undefined, [], { state: 'Absent' }],
    ['whose pod is yet to come', job(), [], { state: 'Running' }],
    [
      'whose pod runs',
      job(),
      [pod({ running: {} })],
      { state: 'Running', pod: 'rec-u-1-abcde', node: 'node-1' },
    ],
    ['whose Job was deleted while its pod goes on', undefined, [pod({ running: {} })], { state: 'Running' }],
    [
      'that was ended and whose pod takes its time',
      job({ spec: { suspend: true } }),
      [pod({ running: {} })],
      { state: 'Running' },
    ],
    ['that was ended before it had a pod', job({ spec: { suspend: true } }), [], { state: 'Exited' }],
    [
      'that ended by itself',
      job(),
      [exited(0)],
      { state: 'Exited', exitCode: 0, endTime: '2026-11-21T09:30:00Z' },
    ],
    [
      'that ended with a code of the table',
      failed('PodFailurePolicy'),
      [exited(66)],
      { state: 'Exited', exitCode: 66 },
    ],
    [
      'that was killed',
      failed('BackoffLimitExceeded'),
      [exited(137)],
      { state: 'Exited', signal: 'SIGKILL' },
    ],
    [
      'that needed too much memory',
      failed('BackoffLimitExceeded'),
      [exited(137, { reason: 'OOMKilled' })],
      { state: 'Exited', cause: { reason: 'OutOfMemory' } },
    ],
    [
      'that was evicted',
      failed('PodFailurePolicy'),
      [
        exited(
          79,
          {},
          {
            conditions: [
              {
                type: 'DisruptionTarget',
                status: 'True',
                reason: 'EvictionByEvictionAPI',
                message: 'Eviction API: evicting',
              },
            ],
          },
        ),
      ],
      { state: 'Exited', exitCode: 79, cause: { reason: 'EvictionByEvictionAPI' } },
    ],
    [
      'whose pod went without a trace',
      failed('BackoffLimitExceeded'),
      [],
      { state: 'Exited', cause: { reason: 'BackoffLimitExceeded' } },
    ],
    [
      'whose node is gone',
      job(),
      [pod({ running: {} }, {}, { deletionTimestamp: '2026-11-21T09:50:00Z' })],
      { state: 'Exited', cause: { reason: 'NodeLost' } },
    ],
    [
      'whose pod is being ended',
      job(),
      [pod({ running: {} }, {}, { deletionTimestamp: '2026-11-21T10:00:10Z' })],
      { state: 'Running' },
    ],
    [
      'that left its last word behind',
      failed('PodFailurePolicy'),
      [exited(79, { message: runTermination(report) })],
      { state: 'Exited', exitCode: 79, report: { sequence: 4, result: { exit: 'Interrupted' } } },
    ],
    [
      'that left words of somebody else',
      failed('PodFailurePolicy'),
      [exited(1, { message: 'panic: {' })],
      { state: 'Exited', exitCode: 1 },
    ],
  ] as const)('%s', (_, one, pods, expected) => {
    const observation = observe(one, ...pods);
    expect(observation).toMatchObject(expected);
    if (!('report' in expected)) expect(observation.report).toBeUndefined();
  });
});

describe('a pod that does not run', () => {
  const starting: State = { waiting: { reason: 'ContainerCreating' } };
  const pending = (state: State, conditions: LaunchedPod['status']['conditions'] = []) =>
    pod(state, { phase: 'Pending', conditions });

  it.each([
    ['runs', pod({ running: {} }), undefined, undefined],
    ['is being made', pending(starting), undefined, undefined],
    [
      'has no image',
      pending({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } }),
      undefined,
      'ImageNotPulled',
    ],
    [
      'fits nowhere',
      pending({}, [
        { type: 'PodScheduled', status: 'False', message: '0/1 nodes are available: 1 Insufficient cpu.' },
      ]),
      undefined,
      'Unschedulable',
    ],
    [
      'has no Secret',
      pending(starting),
      'MountVolume.SetUp failed for volume "credentials-0" : secret "team-bucket" not found',
      'SecretNotFound',
    ],
    [
      'has a Secret without the key',
      pending(starting),
      'MountVolume.SetUp failed for volume "source" : references non-existent secret key: url',
      'SecretKeyNotFound',
    ],
    [
      'has another trouble with a volume',
      pending(starting),
      'MountVolume.SetUp failed: no space',
      'VolumeNotMounted',
    ],
  ] as const)('%s', (_, one, mountFailure, reason) => {
    const problem = waitingFor(one, now, mountFailure);
    expect(problem?.reason).toBe(reason);
    if (problem !== undefined) expect(problem.message).toMatch(/^[A-Z].*[^ ]$/);
  });

  it('names the Secret', () => {
    expect(waitingFor(pending(starting), now, 'secret "team-bucket" not found')?.message).toContain(
      'team-bucket',
    );
  });
});
