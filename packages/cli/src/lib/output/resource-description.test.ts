import type { Recording } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { describeResource } from './resource-description.ts';

const recording = (status: Recording['status']): Recording => ({
  apiVersion: 'tapedeck.dev/v1alpha1',
  kind: 'Recording',
  metadata: { name: 'physics' },
  spec: {},
  ...(status === undefined ? {} : { status }),
});
const describeOf = (status: Recording['status']) =>
  describeResource(recording(status), { events: [], now: new Date('2026-11-21T09:00:00Z') });

it('tells gaps and pauses, where there are any', async () => {
  const text = await describeOf({
    gaps: [{ start: '4s', duration: '2s', reason: 'SourceLost' }],
    pauses: [{ start: '12.5s', duration: '30s' }],
  });
  expect(text).toMatch(/\nGaps:\n +AT +LENGTH +REASON\n +4s +2s +SourceLost\n/);
  expect(text).toMatch(/\nPauses:\n +AT +LENGTH\n +12\.5s +30s\n/);
  expect(await describeOf({})).not.toContain('Pauses');
});

it('tells how each storage fares, and which one is away', async () => {
  const away = { since: '2026-11-21T08:00:00Z', reason: 'StorageUnreachable', message: 'Nobody answers.' };
  const text = await describeOf({
    storage: { name: 'first', provider: 'S3' },
    storages: [
      { name: 'first', bytesUploaded: 2_345_678 },
      { name: 'second', bytesUploaded: 0, away },
    ],
  });
  expect(text).toMatch(/\nStorage: +first, second \(away\)\n/);
  expect(text).toMatch(/\n +first +2\.3 MB +takes it\n/);
  expect(text).toMatch(
    /\n +second +0 B +away \(StorageUnreachable\) +2026-11-21T08:00:00Z +Nobody answers\.\n/,
  );
});

it('says what several conditions say once', async () => {
  const condition = (type: string, message: string) =>
    ({
      type,
      status: 'True',
      reason: 'Paused',
      message,
      lastTransitionTime: '2026-11-21T08:00:00Z',
    }) as const;
  const text = await describeOf({
    conditions: [condition('Ready', 'Held.'), condition('Stalled', 'Held.'), condition('Failed', 'Else.')],
  });
  expect(text).toMatch(/Ready .* Held\.\n +Stalled .* as above\n +Failed .* Else\./);
});
