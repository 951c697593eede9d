import type { ExternalStorage, RunStorageState } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { defaultTiming } from './options.ts';
import { weighEvidence } from './storage-evidence.ts';
import { untilCheck } from './storage-plan.ts';
import { conditionsOf, failedVerdict, readyVerdict, withConditions } from './storage-verdict.ts';

const now = new Date('2026-11-21T09:00:00Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000).toISOString();

/** Checked so many seconds ago, with that result. */
function storage(checked: number, code = 'Ready', failures = 0): ExternalStorage {
  const base: ExternalStorage = {
    apiVersion: 'tapedeck.dev/v1alpha1',
    kind: 'ExternalStorage',
    metadata: { name: 'team', generation: 2 },
    spec: { provider: 'S3', s3: { bucket: 'abc' } },
  };
  const verdict = code === 'Ready' ? readyVerdict : failedVerdict(code, 'It said no.');
  const lastCheck = {
    time: ago(checked),
    duration: '1s',
    steps: [],
    ...(failures === 0 ? {} : { failures }),
  };
  return { ...base, status: withConditions({ ...base, status: { lastCheck } }, now, conditionsOf(verdict)) };
}

const away = (code: string, since: number, time = 0): RunStorageState => ({
  name: 'team',
  generation: 2,
  bytesStored: 0,
  away: { code, message: 'Nothing gets through.', since: ago(since), time: ago(time) },
});
const stored = (seconds: number, generation = 2): RunStorageState => ({
  name: 'team',
  generation,
  bytesStored: 1,
  storedTime: ago(seconds),
});

type Row = readonly [string, ExternalStorage, RunStorageState, string];
const rows: readonly Row[] = [
  ['a refusal since the last check: at once', storage(600), away('StorageDenied', 1), 'Ready=False'],
  [
    'a storage that is away: a first failure',
    storage(600),
    away('StorageUnreachable', 6),
    'Ready=True, 1 failed',
  ],
  ['one that is away for a moment', storage(600), away('StorageUnreachable', 2), 'Nothing'],
  ['a refusal of before the last check', storage(5), away('StorageDenied', 60), 'Nothing'],
  ['one that goes on long after that check', storage(40), away('StorageDenied', 60), 'Check'],
  ['one that was left for another and is not tried', storage(40), away('StorageDenied', 60, 60), 'Nothing'],
  ['what is the fault of the machine', storage(600), away('ScratchFull', 60), 'Nothing'],
  ['a code that nobody knows', storage(600), away('Strange', 60), 'Nothing'],
  [
    'one that is out of service already',
    storage(600, 'StorageDenied', 1),
    away('StorageDenied', 1),
    'Nothing',
  ],
  ['an upload soon after a check', storage(600), stored(1), 'Nothing'],
  ['an upload after half the interval', storage(1900), stored(1), 'Ready=True'],
  ['an upload to what was away', storage(20, 'StorageUnreachable', 3), stored(1), 'Ready=True'],
  ['an upload of before it was away', storage(20, 'StorageUnreachable', 3), stored(30), 'Nothing'],
  ['an upload to what has just refused a check', storage(20, 'StorageDenied', 3), stored(1), 'Nothing'],
  ['an upload to what has long refused one', storage(40, 'StorageDenied', 3), stored(1), 'Check'],
  ['an upload to what the spec named before', storage(1900), stored(1, 1), 'Nothing'],
  ['one that was not checked yet', { ...storage(1), status: {} }, away('StorageDenied', 1), 'Nothing'],
  [
    'one that is suspended',
    { ...storage(1900), spec: { provider: 'S3', s3: { bucket: 'abc' }, suspend: true } },
    stored(1),
    'Nothing',
  ],
];

describe('what a run meets', () => {
  it.each(rows)('%s', (_what, subject, state, expected) => {
    const evidence = weighEvidence(subject, state, now, defaultTiming);
    const { status } = evidence.kind === 'Status' ? evidence : {};
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
    const spared = ready === 'True' ? status?.lastCheck?.failures : undefined;
    const text = `Ready=${ready}${spared === undefined ? '' : `, ${spared} failed`}`;
    expect(evidence.kind === 'Status' ? text : evidence.kind).toBe(expected);
  });

  it('says which condition it speaks against, and why', () => {
    const evidence = weighEvidence(storage(600), away('StorageDenied', 1), now, defaultTiming);
    const conditions = evidence.kind === 'Status' ? evidence.status.conditions : undefined;
    expect(conditions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'Ready', status: 'False', reason: 'StorageDenied' }),
        expect.objectContaining({ type: 'Reachable', status: 'True' }),
        expect.objectContaining({ type: 'Writable', status: 'False', message: 'Nothing gets through.' }),
      ]),
    );
  });

  it('has a first failure followed by a check, and puts off the check that an upload makes needless', () => {
    const once = weighEvidence(storage(600), away('StorageUnreachable', 6), now, defaultTiming);
    expect(
      once.kind === 'Status' && untilCheck({ ...storage(600), status: once.status }, now, defaultTiming),
    ).toBe(0);
    const used = weighEvidence(storage(1900), stored(0), now, defaultTiming);
    expect(
      used.kind === 'Status' && untilCheck({ ...storage(1900), status: used.status }, now, defaultTiming),
    ).toBe(3600);
  });
});
