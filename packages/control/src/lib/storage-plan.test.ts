import { type CheckReport, type ErrorCode, type ExternalStorage, TapedeckError } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { defaultTiming } from './options.ts';
import { checkAnnotation, checkedStatus, suspendedStatus, untilCheck } from './storage-plan.ts';
import { allCapabilities } from './testing/memory-launcher.ts';

const now = new Date('2026-11-21T09:00:00Z');
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);

function storage(more: Partial<ExternalStorage> = {}): ExternalStorage {
  return {
    apiVersion: 'tapedeck.dev/v1alpha1',
    kind: 'ExternalStorage',
    metadata: { name: 'team', generation: 1 },
    spec: { provider: 'S3', s3: { bucket: 'abc' } },
    ...more,
  };
}

function report(code: ErrorCode | 'Ready'): CheckReport {
  return {
    version: 1,
    id: 'c',
    time: now.toISOString(),
    durationSeconds: 1.2,
    ready: code === 'Ready',
    reason: code,
    message: code === 'Ready' ? '' : `It said ${code}.`,
    steps: [{ name: 'Write', passed: code === 'Ready', required: true, durationSeconds: 0.08, message: '' }],
    capabilities: allCapabilities,
    endpoint: 'https://s3.example.com',
  };
}

const checked = (from: ExternalStorage, code: ErrorCode | 'Ready', at = now): ExternalStorage => ({
  ...from,
  status: checkedStatus(from, { report: { ...report(code), time: at.toISOString() } }, at),
});
const summary = ({ status }: ExternalStorage) =>
  Object.fromEntries((status?.conditions ?? []).map((condition) => [condition.type, condition.status]));

describe('checkedStatus', () => {
  it('says what a check that passed proved', () => {
    expect(checked(storage(), 'Ready').status).toMatchObject({
      observedGeneration: 1,
      capabilities: allCapabilities,
      endpoint: 'https://s3.example.com',
      lastCheck: { duration: '1.2s', steps: [{ name: 'Write', passed: true, duration: '0.08s' }] },
    });
  });

  it('says of a check that did not run why, and nothing of the storage', () => {
    const outcome = { ...report('Ready'), ready: false, reason: 'ImageNotPulled', message: 'No image.' };
    const before = storage();
    const status = checkedStatus(before, { report: outcome }, now);
    expect(status.conditions?.[0]).toMatchObject({ reason: 'ImageNotPulled', message: 'No image.' });
    expect(summary({ ...before, status })).toEqual({
      ...{ Ready: 'False', Reconciling: 'True', Stalled: 'False' },
      ...{ Reachable: 'Unknown', Authenticated: 'Unknown', Writable: 'Unknown' },
    });
  });

  const yes = 'True';
  const no = 'False';
  const open = 'Unknown';
  it.each([
    [
      'Ready',
      { Ready: yes, Reconciling: no, Stalled: no, Reachable: yes, Authenticated: yes, Writable: yes },
    ],
    [
      'StorageDenied',
      { Ready: no, Reconciling: no, Stalled: yes, Reachable: yes, Authenticated: yes, Writable: no },
    ],
    [
      'BucketNotFound',
      { Ready: no, Reconciling: no, Stalled: yes, Reachable: yes, Authenticated: yes, Writable: no },
    ],
    [
      'StorageUnauthenticated',
      { Ready: no, Reconciling: no, Stalled: yes, Reachable: yes, Authenticated: no, Writable: open },
    ],
    [
      'StorageUnreachable',
      { Ready: no, Reconciling: yes, Stalled: no, Reachable: no, Authenticated: open, Writable: open },
    ],
    [
      'NotSupported',
      { Ready: no, Reconciling: no, Stalled: yes, Reachable: open, Authenticated: open, Writable: open },
    ],
  ] as const)('%s', (code, conditions) => {
    expect(summary(checked(storage(), code))).toEqual(conditions);
  });

  it('takes a storage that was ready out of service at the second passing failure only', () => {
    const ready = checked(storage(), 'Ready');
    const once = checked(ready, 'StorageUnavailable', later(10));
    expect(summary(once)).toMatchObject({ Ready: 'True', Reconciling: 'True', Writable: 'True' });
    const twice = checked(once, 'StorageUnavailable', later(20));
    expect(summary(twice)).toMatchObject({ Ready: 'False' });
    expect(summary(checked(twice, 'Ready', later(30)))).toMatchObject({
      Ready: 'True',
      Reconciling: 'False',
    });
  });

  it('takes it out at once where it is refused, or where the spec is another one', () => {
    const ready = checked(storage(), 'Ready');
    expect(summary(checked(ready, 'StorageDenied'))).toMatchObject({ Ready: 'False', Stalled: 'True' });
    const edited = { ...ready, metadata: { name: 'team', generation: 2 } };
    expect(summary(checked(edited, 'StorageTimeout'))).toMatchObject({ Ready: 'False' });
  });

  it('says why a check could not be made', () => {
    const error = new TapedeckError('NotFound', 'Secret team is not there.');
    const status = checkedStatus(storage(), { error, durationSeconds: 0.1 }, now);
    expect(status.conditions?.[0]).toMatchObject({
      status: 'False',
      reason: 'NotFound',
      message: error.message,
    });
    expect(status.lastCheck).toMatchObject({ failures: 1, steps: [] });
  });
});

describe('untilCheck', () => {
  const ready = checked(storage(), 'Ready');
  const table: readonly (readonly [string, ExternalStorage, number, number | undefined])[] = [
    ['a new storage at once', storage(), 0, 0],
    ['a ready one after the interval', ready, 600, 3000],
    ['its own interval', { ...ready, spec: { ...ready.spec, check: { interval: '10m' } } }, 500, 100],
    ['one that is due', ready, 4000, 0],
    ['an edited one at once', { ...ready, metadata: { ...ready.metadata, generation: 2 } }, 1, 0],
    [
      'one whose check was asked for',
      { ...ready, metadata: { ...ready.metadata, annotations: { [checkAnnotation]: 'now' } } },
      1,
      0,
    ],
    ['a suspended one never', { ...ready, spec: { ...ready.spec, suspend: true } }, 99_999, undefined],
    ['a resumed one at once', { ...ready, status: suspendedStatus(ready, now) }, 1, 0],
    ['a failed one soon', checked(storage(), 'StorageDenied'), 1, 4],
    ['later, when it fails again', checked(checked(storage(), 'StorageDenied'), 'StorageDenied'), 1, 9],
  ];
  it.each(table)('%s', (_what, subject, seconds, wait) => {
    expect(untilCheck(subject, later(seconds), defaultTiming)).toBe(wait);
  });

  it('holds a check that was asked for to be done once', () => {
    const asked = storage({
      metadata: { name: 'team', generation: 1, annotations: { [checkAnnotation]: 'x' } },
    });
    expect(untilCheck(checked(asked, 'Ready'), later(1), defaultTiming)).toBe(3599);
  });
});
