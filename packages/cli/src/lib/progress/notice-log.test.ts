import type { Recording } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { createNoticeLog } from './notice-log.ts';

const recording = (...notices: readonly (readonly [reason: string, message: string])[]): Recording => ({
  apiVersion: 'tapedeck.dev/v1alpha1',
  kind: 'Recording',
  metadata: { name: 'a', uid: '1' },
  spec: {},
  status: { notices: notices.map(([reason, message]) => ({ reason, message })) },
});

it('tells a notice once, and another of the same reason too', () => {
  const read = createNoticeLog();
  const first = ['StorageMoved', 'from x to y'] as const;
  expect(read([recording(first)])).toEqual(['recording/a StorageMoved: from x to y']);
  expect(read([recording(first)])).toEqual([]);
  expect(read([recording(['StorageMoved', 'from y\nto z'])])).toEqual([
    'recording/a StorageMoved: from y to z',
  ]);
});

it('tells what is so for a while once, whatever its figures, and again when it is back', () => {
  const read = createNoticeLog();
  expect(read([recording(['StorageAway', '1 byte waits'])])).toHaveLength(1);
  expect(read([recording(['StorageAway', '2 bytes wait'])])).toEqual([]);
  expect(read([recording()])).toEqual([]);
  expect(read([recording(['StorageAway', '3 bytes wait'])])).toHaveLength(1);
});

it('keeps recordings apart', () => {
  const read = createNoticeLog();
  const one = recording(['NoAudio', 'm']);
  const other = { ...one, metadata: { name: 'b', uid: '2' } };
  expect(read([one])).toHaveLength(1);
  expect(read([one, other])).toEqual(['recording/b NoAudio: m']);
});
