import type { Recording, RecordingCopy } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { copyWaitingSince, longestWait, waitingSince } from './waiting.ts';

const made = '2026-01-01T09:00:00Z';
const later = '2026-01-01T10:00:00Z';
const recording = (status?: Recording['status'], deletionTimestamp?: string): Recording => ({
  apiVersion: 'tapedeck.dev/v1alpha1',
  kind: 'Recording',
  metadata: {
    name: 'physics',
    creationTimestamp: made,
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  },
  spec: { source: { type: 'TestCard' } },
  ...(status === undefined ? {} : { status }),
});
const attempt = { number: 1, startTime: made };

it.each([
  ['one that nobody has looked at yet', recording(), made],
  ['one that waits for its storage', recording({ phase: 'Pending' }), made],
  ['one that starts', recording({ phase: 'Starting', attempts: [attempt] }), made],
  [
    'one whose attempts have not begun to record',
    recording({ phase: 'Starting', attempts: [{ ...attempt, endTime: later }] }),
    made,
  ],
  [
    'one that recorded and starts again',
    recording({ phase: 'Starting', startTime: made, attempts: [{ ...attempt, endTime: later }] }),
    later,
  ],
  ['one that records', recording({ phase: 'Recording' }), undefined],
  ['one that has ended', recording({ phase: 'Failed' }), undefined],
  ['one that is deleted', recording({ phase: 'Pending' }, later), undefined],
])('tells since when %s waits', (_, given, since) => {
  expect(waitingSince(given)).toBe(since);
});

const copy = (reason: string, phase: 'Pending' | 'Uploading' = 'Pending'): RecordingCopy => ({
  apiVersion: 'tapedeck.dev/v1alpha1',
  kind: 'RecordingCopy',
  metadata: { name: 'away', creationTimestamp: made },
  spec: { recordingRef: { name: 'physics' }, storage: { name: 'archive' } },
  status: {
    phase,
    conditions: [{ type: 'Ready', status: 'False', reason, message: '', lastTransitionTime: made }],
  },
});

it.each([
  ['a storage that is not ready', copy('StorageNotReady'), made],
  ['a recording that goes on', copy('RecordingNotComplete'), undefined],
  ['nothing, for it copies', copy('StorageNotReady', 'Uploading'), undefined],
])('tells since when a copy waits for %s', (_, given, since) => {
  expect(copyWaitingSince(given)).toBe(since);
});

it('finds the longest wait', () => {
  const now = new Date('2026-01-01T10:00:30Z');
  expect(longestWait([], now)).toBe(0);
  expect(longestWait([later, made], now)).toBe(3630);
  // Clocks of two machines differ.
  expect(longestWait(['2026-01-01T10:01:00Z'], now)).toBe(0);
});
