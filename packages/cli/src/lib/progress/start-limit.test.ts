import type { ExternalStorage, Recording } from '@tapedeck/core';
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
const storage = (name: string, stalled: boolean, suspend = false): ExternalStorage => ({
  apiVersion,
  kind: 'ExternalStorage',
  metadata: { name },
  spec: { provider: 'Local', local: { directory: '/x' }, suspend },
  status: { conditions: [condition('Stalled', stalled ? 'True' : 'False', 'x')] },
});
const [first, second] = [storage('first', true), storage('second', true)];

it.each([
  ['records', waits('Recording', { phase: 'Recording' }), [first], undefined],
  ['was not looked at yet', { ...waits('x'), status: {} }, [first], undefined],
  ['waits for a storage that is not there', waits('StorageNotFound'), [], stalledLimit],
  ['waits for a profile', waits('ProfileNotFound'), [first], stalledLimit],
  ['is refused everywhere', waits('StorageNotReady'), [first, second], stalledLimit],
  [
    'is refused in one and cannot reach the other',
    waits('StorageNotReady'),
    [first, storage('second', false)],
    awayLimit,
  ],
  [
    'has nothing to do with the one that is away',
    waits('StorageNotReady'),
    [first, second, storage('c', false)],
    stalledLimit,
  ],
  [
    'waits for one that is suspended',
    waits('StorageNotReady'),
    [first, storage('second', false, true)],
    stalledLimit,
  ],
])('one that %s', (_, recording, storages, seconds) => {
  expect(startLimit(recording, storages)).toBe(seconds);
});
