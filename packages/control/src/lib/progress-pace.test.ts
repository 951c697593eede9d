import type { RecordingStatus } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { createProgressPace } from './progress-pace.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000);
const status = (bytes: number, more: RecordingStatus = {}): RecordingStatus => ({
  phase: 'Recording',
  duration: `${bytes}s`,
  progress: { bytesRecorded: bytes, bytesUploaded: bytes, lag: '0s', time: at(bytes).toISOString() },
  storages: [{ name: 'team', bytesUploaded: bytes }],
  ...more,
});

it.each([
  ['progress alone, too early', 10, status(2), 20],
  ['progress alone, in time', 30, status(2), 0],
  ['another phase', 10, status(2, { phase: 'Uploading' }), 0],
  [
    'a storage that is away',
    10,
    status(2, { storages: [{ name: 'team', bytesUploaded: 2, away: away() }] }),
    0,
  ],
])('a status with %s, after %d s', (_what, seconds, next, wait) => {
  let now = at(0);
  const pace = createProgressPace(30, () => now);
  expect(pace.wait('u', status(1), next)).toBe(0);
  pace.wrote('u');
  now = at(seconds);
  expect(pace.wait('u', status(1), next)).toBe(wait);
  pace.forget('u');
  expect(pace.wait('u', status(1), next)).toBe(0);
});

function away() {
  return { since: at(1).toISOString(), reason: 'StorageUnreachable', message: 'It does not answer.' };
}
