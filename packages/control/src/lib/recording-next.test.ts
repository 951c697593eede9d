import type { RecordingAttempt, RunFile } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { defaultTiming } from './options.ts';
import { decideNext, type NextInput } from './recording-next.ts';

const file = (state: 'Open' | 'Complete'): RunFile => ({
  segment: 1,
  attempt: 1,
  key: 'a.mp4',
  storage: 'team',
  state,
  bytes: 1000,
  durationSeconds: 4,
  ...(state === 'Open'
    ? {
        journal: {
          version: 1,
          storage: 'team',
          key: 'a.mp4',
          contentType: 'video/mp4',
          token: {},
          parts: [],
        },
      }
    : {}),
});
const open = [file('Open')];
const whole = [file('Complete')];

function attempt(reason: string, mode: RecordingAttempt['mode'] = 'Record', seconds = 10): RecordingAttempt {
  return {
    number: 1,
    mode,
    startTime: '2026-11-21T09:00:00.000Z',
    endTime: new Date(Date.parse('2026-11-21T09:00:00Z') + seconds * 1000).toISOString(),
    reason,
  };
}

function next(more: Partial<NextInput>) {
  return decideNext({
    attempts: [attempt('Killed')],
    files: [],
    retries: 5,
    timing: defaultTiming,
    waitedSeconds: 0,
    ...more,
  });
}

describe('after a run that records', () => {
  const table: readonly (readonly [string, Partial<NextInput>, object])[] = [
    [
      'complete',
      {
        attempts: [attempt('Complete')],
        files: whole,
        result: { exit: 'Complete', stopReason: 'MaxDuration' },
      },
      { kind: 'Uploaded', stopReason: 'MaxDuration' },
    ],
    [
      'complete by its word, open by its files',
      {
        attempts: [attempt('Complete')],
        files: open,
        result: { exit: 'Complete', stopReason: 'SourceEnded' },
      },
      { kind: 'Finish', stopReason: 'SourceEnded', delaySeconds: 0 },
    ],
    [
      'stopped before the first picture',
      {
        attempts: [attempt('SourceFailed')],
        over: 'Requested',
        result: { exit: 'SourceFailed', stopReason: 'Requested', code: 'SourceEmpty', message: 'Nothing.' },
      },
      { kind: 'Failed', reason: 'NothingRecorded', stopReason: 'Requested' },
    ],
    [
      'no source, files from before',
      {
        attempts: [attempt('SourceFailed')],
        files: open,
        result: { exit: 'SourceFailed', code: 'SourceLost' },
      },
      { kind: 'Finish', stopReason: 'SourceEnded' },
    ],
    [
      'refused, files open',
      {
        attempts: [attempt('StorageRefused')],
        files: open,
        scratch: '/var/scratch',
        result: { exit: 'StorageRefused', code: 'StorageDenied', message: 'Denied.' },
      },
      { kind: 'Finish', later: true, delaySeconds: 300, stopReason: 'InternalError' },
    ],
    [
      'refused, nothing open',
      {
        attempts: [attempt('StorageRefused')],
        files: whole,
        result: { exit: 'StorageRefused', code: 'StorageDenied', message: 'Denied.' },
      },
      { kind: 'Failed', reason: 'StorageDenied', keepScratch: false },
    ],
    [
      'refused for longer than anything is kept for delivery',
      {
        attempts: [attempt('StorageRefused')],
        files: open,
        waitedSeconds: defaultTiming.deliverWithin,
        scratch: '/var/scratch',
        result: { exit: 'StorageRefused', code: 'StorageDenied', message: 'Denied.' },
      },
      {
        kind: 'Failed',
        reason: 'StorageDenied',
        keepScratch: true,
        message:
          'Not everything could be delivered: Denied. Not complete: a.mp4. What the storage does not hold is kept in /var/scratch.',
      },
    ],
    ['killed', { files: open }, { kind: 'Record', delaySeconds: 0 }],
    ['killed, to stop', { files: open, over: 'Requested' }, { kind: 'Finish', stopReason: 'Requested' }],
    ['killed, to stop, nothing there', { over: 'Requested' }, { kind: 'Failed', reason: 'NothingRecorded' }],
    [
      'killed before it cleared away what it had joined',
      { files: [{ ...file('Complete'), replaces: ['b.mp4'] }], over: 'Requested' },
      { kind: 'Finish', stopReason: 'Requested' },
    ],
    [
      'killed at its limit',
      { files: whole, over: 'MaxDuration' },
      { kind: 'Uploaded', stopReason: 'MaxDuration' },
    ],
    [
      'killed twice in a row',
      { attempts: [attempt('Killed'), attempt('Killed')] },
      { kind: 'Record', delaySeconds: 2 },
    ],
    [
      'killed four times in a row',
      { attempts: Array.from({ length: 4 }, () => attempt('Killed')) },
      { kind: 'Record', delaySeconds: 8 },
    ],
    [
      'killed again after a healthy hour',
      { attempts: [attempt('Killed'), attempt('Killed'), attempt('Killed', 'Record', 3600)] },
      { kind: 'Record', delaySeconds: 0 },
    ],
    [
      'interrupted',
      { attempts: [attempt('Interrupted')], files: whole },
      { kind: 'Record', delaySeconds: 0 },
    ],
    [
      'out of retries, files whole',
      { attempts: [attempt('Retry'), attempt('Retry')], retries: 1, files: whole },
      { kind: 'Uploaded', stopReason: 'InternalError', notice: { reason: 'RetriesExhausted' } },
    ],
    [
      'undelivered at its end',
      {
        attempts: [attempt('Undelivered')],
        files: open,
        result: { exit: 'Undelivered', stopReason: 'SourceEnded', code: 'StorageUnreachable' },
      },
      { kind: 'Finish', stopReason: 'SourceEnded', delaySeconds: 5 },
    ],
    [
      'undelivered in the middle',
      {
        attempts: [attempt('Undelivered')],
        files: open,
        result: { exit: 'Undelivered', code: 'StorageUnreachable' },
      },
      { kind: 'Record' },
    ],
  ];
  it.each(table)('%s', (_what, input, expected) => {
    expect(next(input)).toMatchObject(expected);
  });
});

describe('after a run that finishes', () => {
  const finished = (...reasons: string[]) => [
    attempt('Killed'),
    ...reasons.map((reason) => attempt(reason, 'Finish')),
  ];
  const table: readonly (readonly [string, Partial<NextInput>, object])[] = [
    [
      'complete',
      { attempts: finished('Complete'), files: whole, stopReason: 'Requested' },
      { kind: 'Uploaded', stopReason: 'Requested' },
    ],
    ['killed', { attempts: finished('Killed'), files: open }, { kind: 'Finish', delaySeconds: 0 }],
    ['undelivered', { attempts: finished('Undelivered'), files: open }, { kind: 'Finish', delaySeconds: 5 }],
    [
      'undelivered for the third time',
      { attempts: finished('Undelivered', 'Undelivered', 'Undelivered'), files: open },
      { kind: 'Finish', delaySeconds: 20 },
    ],
    [
      'undelivered too often',
      { attempts: finished(...Array<string>(defaultTiming.finishAttempts).fill('Undelivered')), files: open },
      { kind: 'Finish', later: true, delaySeconds: 300 },
    ],
    [
      'undelivered too often, of an upload that is gone',
      {
        attempts: finished(...Array<string>(defaultTiming.finishAttempts).fill('Undelivered')),
        files: open,
        result: { exit: 'Undelivered', code: 'UploadGone' },
      },
      { kind: 'Failed', keepScratch: true },
    ],
    [
      'refused again and again',
      { attempts: finished('StorageRefused', 'StorageRefused'), files: open },
      { kind: 'Finish', later: true, delaySeconds: 1200 },
    ],
    [
      'without usable credentials',
      {
        attempts: finished('Invalid'),
        files: open,
        result: { exit: 'Invalid', code: 'InvalidCredentials', message: 'No key.' },
      },
      { kind: 'Finish', later: true },
    ],
    [
      'nothing was there',
      { attempts: finished('SourceFailed') },
      { kind: 'Failed', reason: 'NothingRecorded' },
    ],
  ];
  it.each(table)('%s', (_what, input, expected) => {
    expect(next(input)).toMatchObject(expected);
  });
});

it('reaches a final state from every end, whatever repeats', () => {
  const ends = [
    'Complete',
    'Invalid',
    'SourceFailed',
    'StorageRefused',
    'Retry',
    'Undelivered',
    'Interrupted',
    'Killed',
    'Lost',
  ];
  for (const end of ends) {
    for (const files of [[], open, whole]) {
      const attempts: RecordingAttempt[] = [attempt(end)];
      let steps = 0;
      let waitedSeconds = 0;
      for (;;) {
        const decided = next({ attempts, files, waitedSeconds });
        if (decided.kind === 'Uploaded' || decided.kind === 'Failed') break;
        attempts.push(attempt(end, decided.kind));
        waitedSeconds += decided.delaySeconds;
        steps += 1;
        expect(steps, `${end} with ${files[0]?.state}`).toBeLessThan(100);
      }
    }
  }
});
