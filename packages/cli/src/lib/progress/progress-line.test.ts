import type { Recording } from '@tapedeck/core';
import pc from 'picocolors';
import { expect, it } from 'vitest';
import { formatAge, formatBitrate, formatBytes, formatClock } from '../output/amount.ts';
import { outputPlaces } from '../output/output-places.ts';
import { changeLine, progressLine } from './progress-line.ts';

const plain = pc.createColors(false);
const recording = (status: Recording['status']): Recording => ({
  apiVersion: 'tapedeck.dev/v1alpha1',
  kind: 'Recording',
  metadata: { name: 'physics' },
  spec: {},
  ...(status === undefined ? {} : { status }),
});
const progress = {
  bytesRecorded: 3e6,
  bytesUploaded: 2_345_678,
  lag: '1.26s',
  bitrate: 2.5e6,
  time: '2026-11-21T09:00:00Z',
};
const layout = { width: 80, nameWidth: 8 };

it('says state, time, bitrate, bytes and lag', () => {
  const line = progressLine(recording({ phase: 'Recording', duration: '83.4s', progress }), plain, layout);
  expect(line).toBe('● physics   Recording     1:23  2.5 Mbit/s  2.3 MB uploaded  lag 1.3 s');
});

it('names the storages where there are several, and which one is away', () => {
  const away = { since: '2026-11-21T09:00:00Z', reason: 'StorageUnreachable', message: 'm' };
  const storages = [
    { name: 'first', bytesUploaded: 1 },
    { name: 'second', bytesUploaded: 0, away },
  ];
  const line = progressLine(recording({ phase: 'Recording', progress, storages }), plain, {
    ...layout,
    width: 120,
  });
  expect(line).toContain('2.3 MB uploaded to first, second (away)  lag 1.3 s');
});

it('leaves out what is over', () => {
  const line = progressLine(recording({ phase: 'Uploaded', duration: '10s', progress }), plain, layout);
  expect(line).toBe('✓ physics   Uploaded      0:10  2.3 MB uploaded');
});

it('says why it waits or failed, on one line of the terminal', () => {
  const at = '2026-11-21T09:00:00Z';
  const waiting = recording({
    phase: 'Pending',
    conditions: [
      {
        type: 'Ready',
        status: 'False',
        reason: 'StorageNotReady',
        message: 'storage a is\nnot ready',
        lastTransitionTime: at,
      },
    ],
  });
  expect(progressLine(waiting, plain, layout)).toContain('storage a is not ready');
  expect(progressLine(waiting, plain, { ...layout, width: 30 })).toHaveLength(29);
  const failed = recording({
    phase: 'Failed',
    conditions: [
      { type: 'Failed', status: 'True', reason: 'SourceDenied', message: 'no entry', lastTransitionTime: at },
    ],
  });
  expect(changeLine(failed)).toBe('recording/physics Failed: no entry');
});

it('names files as one would type them', () => {
  const output = { type: 'File', key: 'a b.mp4', bytes: 1, duration: '1s', storage: 's' } as const;
  const done = recording({
    outputs: [
      { ...output, url: 'file:///x/a%20b.mp4' },
      { ...output, url: 's3://bkt/a b.mp4' },
    ],
  });
  expect(outputPlaces(done)).toEqual([{ storage: 's', files: ['/x/a b.mp4', 's3://bkt/a b.mp4'] }]);
});

it.each([
  [formatBytes(0), '0 B'],
  [formatBytes(999), '999 B'],
  [formatBytes(12_345), '12 kB'],
  [formatBytes(999_700), '1.0 MB'],
  [formatBitrate(850_000), '850 kbit/s'],
  [formatClock(7.9), '0:07'],
  [formatClock(3723), '1:02:03'],
  [formatAge('2026-11-21T09:00:00Z', new Date('2026-11-21T09:05:00Z')), '5m'],
  [formatAge(undefined, new Date()), ''],
])('%s', (text, expected) => {
  expect(text).toBe(expected);
});
