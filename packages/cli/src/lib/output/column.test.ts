import type { Recording } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { columns } from './column.ts';

const text = (title: string, spec: Recording['spec'], status: Recording['status']) =>
  columns.Recording.find((column) => column.title === title)?.text(
    {
      apiVersion: 'tapedeck.dev/v1alpha1',
      kind: 'Recording',
      metadata: { name: 'physics' },
      spec,
      ...(status === undefined ? {} : { status }),
    },
    new Date(0),
  );
const refs = [{ name: 'first' }, { name: 'second' }];
const output = (storage: string) =>
  ({ type: 'File', key: 'a.mp4', url: `s3://${storage}/a.mp4`, bytes: 1, duration: '1s', storage }) as const;
const storage = { name: 'first', provider: 'S3' } as const;
const away = { since: '2026-11-21T09:00:00Z', reason: 'StorageDenied', message: 'No.' };

it.each([
  ['before it begins', { storage: { refs } }, undefined, 'first', ''],
  ['before copies begin', { storage: { refs, mode: 'Mirror' as const } }, undefined, 'first, second', ''],
  [
    'while one copy waits',
    { storage: { refs, mode: 'Mirror' as const } },
    {
      storage,
      storages: [
        { name: 'first', bytesUploaded: 1 },
        { name: 'second', bytesUploaded: 0, away },
      ],
    },
    'first, second (away)',
    '',
  ],
  [
    'once copies are there',
    { storage: { refs, mode: 'Mirror' as const } },
    { storage, outputs: [output('first'), output('second')] },
    'first, second',
    'first: s3://first/a.mp4; second: s3://second/a.mp4',
  ],
  [
    'once its file is in another storage',
    { storage: { refs } },
    { storage, outputs: [output('second')] },
    'second',
    's3://second/a.mp4',
  ],
  ['with one storage', {}, { storage, storages: [{ name: 'first', bytesUploaded: 1 }] }, 'first', ''],
])('tells which storages a recording goes to and what is where, %s', (_, spec, status, names, files) => {
  expect(text('STORAGE', spec, status)).toBe(names);
  expect(text('OUTPUT', spec, status)).toBe(files);
});
