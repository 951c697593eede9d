import type { ExternalStorage, RecordingAttempt, RunFile, RunReport } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { gapsOf, pausesOf, readHistory, statusOfRuns } from './run-history.ts';

const at = (second: number) => new Date(Date.UTC(2026, 10, 21, 9, 0, second)).toISOString();

function file(attempt: number, seconds: number): RunFile {
  return {
    segment: 1,
    attempt,
    key: `lab_a${attempt}.mp4`,
    storage: 'team',
    state: 'Complete',
    bytes: seconds * 1000,
    durationSeconds: seconds,
  };
}

function report(number: number, more: Partial<RunReport>): RunReport {
  return {
    version: 1,
    id: `0192-${number}`,
    sequence: 1,
    time: at(0),
    state: 'Recording',
    progress: { durationSeconds: 0, bytesRecorded: 0, bytesUploaded: 0, lagSeconds: 0.25, bitrate: 1000.4 },
    files: [],
    gaps: [],
    pauses: [],
    notices: [],
    ...more,
  };
}

const attempt = (number: number, more: Partial<RecordingAttempt> = {}): RecordingAttempt => ({
  number,
  mode: 'Record',
  startTime: at(0),
  ...more,
});

const attempts = [attempt(1, { reason: 'NodeLost' }), attempt(2, { reason: 'Killed' }), attempt(3)];
const reports = [
  report(1, {
    startTime: at(0),
    time: at(10),
    files: [file(1, 8)],
    gaps: [{ startSeconds: 3, durationSeconds: 2, reason: 'SourceLost' }],
  }),
  // Never got a picture.
  report(2, { time: at(14), files: [file(1, 8)] }),
  report(3, {
    startTime: at(20),
    time: at(30),
    files: [file(1, 8), file(3, 6)],
    gaps: [{ startSeconds: 5, durationSeconds: 1, reason: 'SourceLost' }],
    pauses: [{ startSeconds: 2, durationSeconds: 3 }],
    notices: [{ reason: 'NoAudio', message: 'No sound.' }],
  }),
];

it('puts the gaps of runs and those between them at the recording’s own time', () => {
  expect(gapsOf(reports, attempts)).toEqual([
    { startSeconds: 3, durationSeconds: 2, reason: 'SourceLost' },
    { startSeconds: 8, durationSeconds: 10, reason: 'NodeLost' },
    { startSeconds: 13, durationSeconds: 1, reason: 'SourceLost' },
  ]);
  expect(pausesOf(reports, attempts)).toEqual([{ startSeconds: 10, durationSeconds: 3 }]);
});

it('counts as missing what a killed run had captured and not delivered, also once its file is part of another', () => {
  const killed = [attempt(1, { reason: 'Killed' }), attempt(2)];
  const said = (files: RunFile[]) => [
    report(1, { startTime: at(0), time: at(10), files: [file(1, 10)] }),
    report(2, { startTime: at(13), time: at(20), files }),
  ];
  const missing = { startSeconds: 6, durationSeconds: 7, reason: 'Interrupted' };
  expect(gapsOf(said([file(1, 6), file(2, 7)]), killed)).toEqual([missing]);
  const pieces = [
    { attempt: 1, durationSeconds: 6 },
    { attempt: 2, durationSeconds: 7 },
  ];
  expect(gapsOf(said([{ ...file(2, 13), pieces }]), killed)).toEqual([missing]);
});

it('takes the files as the newest run has them, and leaves out a run that deleted them', () => {
  const removed = [...attempts, attempt(4, { mode: 'Remove' })];
  const history = readHistory([...reports, report(4, {})], removed);
  expect(history.files).toHaveLength(2);
  expect(history).toMatchObject({ mediaSeconds: 14, startTime: at(0) });
});

it('tells in a status what the runs have said', () => {
  const storage = {
    apiVersion: 'tapedeck.dev/v1alpha1' as const,
    kind: 'ExternalStorage' as const,
    metadata: { name: 'team' },
    spec: { provider: 'S3' as const, s3: { bucket: 'abc' }, prefix: '/x/' },
  };
  expect(statusOfRuns(reports, attempts, [storage], {})).toMatchObject({
    startTime: at(0),
    duration: '14s',
    storage: { name: 'team', bucket: 'abc', provider: 'S3' },
    progress: { lag: '0.25s', bitrate: 1000, time: at(30) },
    outputs: [{ key: 'x/lab_a1.mp4', duration: '8s' }, { key: 'x/lab_a3.mp4' }],
    gaps: [{ start: '3s' }, { start: '8s', duration: '10s', reason: 'NodeLost' }, { start: '13s' }],
    pauses: [{ start: '10s', duration: '3s' }],
    notices: [{ reason: 'NoAudio', message: 'No sound.' }],
  });
  expect(statusOfRuns([], attempts, [storage], {})).toEqual({});
});

it('says that the storage is away for as long as it is, and other things for good', () => {
  const away = { reason: 'StorageAway', message: 'Since noon.' };
  const silent = { reason: 'NoAudio', message: 'No sound.' };
  const told = (...all: RunReport[]) => statusOfRuns(all, attempts, [], { notices: [away] }).notices;
  expect(told(report(1, { notices: [silent, away] }))).toEqual([silent, away]);
  expect(told(report(1, { notices: [silent] }))).toEqual([silent]);
  expect(told(report(1, {}))).toBeUndefined();
  expect(told(report(1, { notices: [silent, away] }), report(2, {}))).toEqual([silent]);
  const ended = { exit: 'Undelivered' } as const;
  expect(told(report(1, { notices: [away], result: ended }))).toBeUndefined();
});

it('keeps where a file lies when its storage is gone', () => {
  const known = [{ type: 'File' as const, key: 'x/lab_a1.mp4', bytes: 1, duration: '8s', storage: 'team' }];
  const told = statusOfRuns(reports.slice(0, 1), attempts, [], { outputs: known });
  expect(told.outputs?.[0]?.key).toBe('x/lab_a1.mp4');
});

it('counts a recording once that has copies, lists them all, and names the first storage', () => {
  const copy = (copy: number, storage: string, more: Partial<RunFile> = {}): RunFile => ({
    ...file(1, 8),
    copy,
    storage,
    ...more,
  });
  const files = [
    copy(1, 'team'),
    copy(2, 'spare'),
    copy(1, 'team', { attempt: 2, key: 'lab_a2.mp4', durationSeconds: 4 }),
    copy(2, 'spare', { attempt: 2, key: 'lab_a2.mp4', durationSeconds: 3, state: 'Open' }),
  ];
  const said = [report(2, { startTime: at(0), time: at(20), files })];
  expect(readHistory(said, [attempt(1), attempt(2)]).mediaSeconds).toBe(12);
  const storage = (name: string): ExternalStorage => ({
    apiVersion: 'tapedeck.dev/v1alpha1',
    kind: 'ExternalStorage',
    metadata: { name },
    spec: { provider: 'Local', local: { directory: `/${name}` } },
  });
  const status = statusOfRuns(said, [attempt(1), attempt(2)], [storage('spare'), storage('team')], {});
  expect(status.duration).toBe('12s');
  expect(status.storage?.name).toBe('team');
  expect(status.outputs?.map(({ storage, key }) => `${storage} ${key}`)).toEqual([
    'team lab_a1.mp4',
    'spare lab_a1.mp4',
    'team lab_a2.mp4',
  ]);
});

it('takes the source at its word where it tells how much is missing between two runs', () => {
  const told = reports.map((each) => (each.id === '0192-3' ? { ...each, missingSeconds: 1.5 } : each));
  expect(gapsOf(told, attempts)[1]).toEqual({ ...gapsOf(reports, attempts)[1], durationSeconds: 1.5 });
});
