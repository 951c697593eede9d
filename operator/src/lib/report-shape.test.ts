import type { RunReport } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { reportShape } from './report-shape.ts';

const part = (number: number, etag: string) => ({ number, offset: 0, size: 1, receipt: { etag } });
const report = (parts: ReturnType<typeof part>[], more: Partial<RunReport> = {}): RunReport => ({
  version: 1,
  id: 'u-1',
  sequence: 1,
  time: '2026-11-21T09:00:00Z',
  state: 'Recording',
  progress: { durationSeconds: 0, bytesRecorded: 0, bytesUploaded: 0, lagSeconds: 0, bitrate: 0 },
  files: [
    {
      segment: 1,
      attempt: 1,
      key: 'a',
      storage: 'team',
      state: 'Open',
      bytes: 1,
      durationSeconds: 1,
      journal: {
        version: 1,
        storage: 'team',
        key: 'a',
        contentType: 'video/mp4',
        token: { upload: 'x' },
        parts,
      },
    },
  ],
  gaps: [],
  pauses: [],
  notices: [],
  ...more,
});

it('changes with a part that is new, and not with one that was put again', () => {
  const before = reportShape(report([part(1, 'a')]));
  expect(reportShape(report([part(1, 'b')], { sequence: 9, time: '2026-11-21T09:01:00Z' }))).toBe(before);
  expect(reportShape(report([part(1, 'a'), part(2, 'b')]))).not.toBe(before);
  expect(reportShape(report([part(1, 'a')], { state: 'Uploading' }))).not.toBe(before);
  expect(reportShape(report([part(1, 'a')], { result: { exit: 'Complete' } }))).not.toBe(before);
});
