import { expect, it } from 'vitest';
import { type CheckReport, checkReport } from './check-contract.ts';
import { keyBytes } from './prefix.ts';
import { type RunReport, runReport } from './run-contract.ts';
import { checkTermination, maxTerminationBytes, runTermination } from './termination-message.ts';

const run = (files: number, url: string): RunReport => ({
  version: 1,
  id: 'a-1',
  sequence: 9,
  time: '2026-11-21T09:00:00.000Z',
  state: 'Ended',
  progress: { durationSeconds: 60, bytesRecorded: 1, bytesUploaded: 1, lagSeconds: 0, bitrate: 0 },
  files: Array.from({ length: files }, (_, index) => ({
    segment: index + 1,
    attempt: 1,
    key: `room_${index}.mp4`,
    storage: 'team',
    state: 'Complete',
    bytes: 1000,
    durationSeconds: 60,
    crc32: '00000000',
    url,
  })),
  gaps: [],
  pauses: [],
  notices: [{ reason: 'NoAudio', message: 'ü'.repeat(100) }],
  result: { exit: 'Complete' },
});

const check = (message: string): CheckReport => ({
  version: 1,
  id: 'a',
  time: '2026-11-21T09:00:00.000Z',
  durationSeconds: 1,
  ready: false,
  reason: 'StorageDenied',
  message,
  steps: Array.from({ length: 12 }, () => ({
    name: 'Write',
    passed: false,
    required: true,
    durationSeconds: 0.1,
    message,
  })),
  capabilities: {
    multipart: true,
    rewriteFirstPart: true,
    read: true,
    list: true,
    delete: true,
    signUrls: true,
  },
});

it('keeps a report that fits as it is', () => {
  const report = run(2, 's3://recordings/a.mp4');
  expect(runReport.parse(JSON.parse(runTermination(report) ?? ''))).toEqual(report);
});

it('leaves out what only people read, then everything, never single files', () => {
  const long = `s3://recordings/${'a'.repeat(200)}`;
  const report = JSON.parse(runTermination(run(20, long)) ?? '') as RunReport;
  expect(report.files).toHaveLength(20);
  expect(report.files[0]?.url).toBeUndefined();
  expect(runTermination(run(100, long))).toBeUndefined();
});

it.each([10, 300, 5_000])('a check with sentences of %d characters stays a check', (length) => {
  const text = checkTermination(check('é'.repeat(length)));
  expect(keyBytes(text)).toBeLessThanOrEqual(maxTerminationBytes);
  expect(checkReport.parse(JSON.parse(text))).toMatchObject({ ready: false, reason: 'StorageDenied' });
});
