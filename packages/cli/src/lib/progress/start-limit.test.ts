import type { ExternalStorage, Recording, RecordingCopy } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { awayLimit, stalledLimit, startLimit } from './start-limit.ts';

const apiVersion = 'tapedeck.dev/v1alpha1';
const condition = (type: string, status: 'True' | 'False', reason: string) =>
  ({ type, status, reason, message: '', lastTransitionTime: '2026-11-21T09:00:00Z' }) as const;
const waits = (reason: string, more: Recording['status'] = {}): Recording => ({
  apiVersion,
  kind: 'Recording',
  metadata: { name: 'a' },
  spec: { storage: { refs: [{ name: 'first' }, { name: 'second' }] } },
  status: { phase: 'Pending', conditions: [condition('Ready', 'False', reason)], ...more },
});
const copyWaits = (reason: string, phase: 'Pending' | 'Uploading' = 'Pending'): RecordingCopy => ({
  apiVersion,
  kind: 'RecordingCopy',
  metadata: { name: 'a' },
  spec: { recordingRef: { name: 'physics' }, storage: { name: 'first' } },
  status: { phase, conditions: [condition('Ready', 'False', reason)] },
});
const storage = (name: string, refusal: string | undefined, suspend = false): ExternalStorage => ({
  apiVersion,
  kind: 'ExternalStorage',
  metadata: { name },
  spec: { provider: 'Local', local: { directory: '/x' }, suspend },
  status: {
    conditions: [condition('Stalled', refusal === undefined ? 'False' : 'True', refusal ?? 'Ready')],
  },
});
const [first, second] = [storage('first', 'StorageDenied'), storage('second', 'StorageDenied')];
const stalled = (exit: number) => ({ seconds: stalledLimit, exit });
const away = { seconds: awayLimit, exit: 5 };

it.each([
  ['records', waits('Recording', { phase: 'Recording' }), [first], undefined],
  ['was not looked at yet', { ...waits('x'), status: {} }, [first], undefined],
  ['waits for a storage that is not there', waits('StorageNotFound'), [], stalled(3)],
  ['waits for a profile', waits('ProfileNotFound'), [first], stalled(3)],
  ['is refused everywhere', waits('StorageNotReady'), [first, second], stalled(4)],
  [
    'is refused in one and cannot reach the other',
    waits('StorageNotReady'),
    [first, storage('second', undefined)],
    away,
  ],
  [
    'has nothing to do with the one that is away',
    waits('StorageNotReady'),
    [first, second, storage('c', undefined)],
    stalled(4),
  ],
  [
    'waits for one that is suspended',
    waits('StorageNotReady'),
    [storage('first', undefined, true)],
    stalled(5),
  ],
  ['has no bucket', waits('StorageNotReady'), [storage('first', 'BucketNotFound')], stalled(3)],
  ['has a broken key', waits('StorageNotReady'), [storage('first', 'InvalidCredentials')], stalled(2)],
  ['has an unknown key', waits('StorageNotReady'), [storage('first', 'StorageUnauthenticated')], stalled(4)],
  ['has a wrong region', waits('StorageNotReady'), [storage('first', 'WrongRegion')], stalled(1)],
  [
    'is refused in two ways',
    waits('StorageNotReady'),
    [first, storage('second', 'BucketNotFound')],
    stalled(1),
  ],
  ['copies what is not there', copyWaits('NotFound'), [first], stalled(3)],
  ['copies what goes on', copyWaits('RecordingNotComplete'), [first], undefined],
  ['copies to a storage that is not there', copyWaits('StorageNotFound'), [], stalled(3)],
  [
    'copies to a storage that refuses it',
    copyWaits('StorageNotReady'),
    [first, storage('c', undefined)],
    stalled(4),
  ],
  ['copies to a storage that is away', copyWaits('StorageNotReady'), [storage('first', undefined)], away],
  ['copies, and tries again', copyWaits('StorageNotReady', 'Uploading'), [first], undefined],
])('one that %s', (_, recording, storages, limit) => {
  expect(startLimit(recording, storages)).toEqual(limit);
});
