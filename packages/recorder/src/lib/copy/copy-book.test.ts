import { type CopySpec, copySpec, type RunFile } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { createCopyBook } from './copy-book.ts';

const left: RunFile = {
  ...{ segment: 1, attempt: 1, key: 'a.mp4', storage: 'archive', state: 'Open' },
  ...{ bytes: 10, durationSeconds: 1 },
  journal: {
    ...{ version: 1, storage: 'archive', key: 'a.mp4', contentType: 'video/mp4', token: 't' },
    parts: [{ number: 1, offset: 0, size: 6, receipt: 'r' }],
  },
};

const specOf = (previous: readonly RunFile[]): CopySpec =>
  copySpec.parse({
    ...{ version: 1, mode: 'Copy', id: 'u-2', attempt: 2, target: 'archive', desired: 'Recording' },
    copy: { namespace: 'default', name: 'a', uid: 'u' },
    storages: [
      {
        name: 'archive',
        spec: { provider: 'Local', local: { directory: '/archive' } },
        credentials: { type: 'None' },
      },
    ],
    files: [
      {
        ...{ segment: 1, key: 'a.mp4', durationSeconds: 1 },
        sources: [{ storage: 'team', key: 'a.mp4', bytes: 10 }],
      },
    ],
    previous,
  });

it('counts what an earlier run brought there from its first report on, until it is dropped', () => {
  const book = createCopyBook(specOf([left]));
  expect(book.report().progress).toMatchObject({ bytesRecorded: 10, bytesUploaded: 6, bitrate: 0 });
  book.setHeld('a.mp4', 6);
  expect(book.report().progress).toMatchObject({ bytesUploaded: 6, bitrate: 0 });
  book.setFile('a.mp4', undefined);
  book.setFile('a.mp4', { ...left, journal: undefined });
  expect(book.report().progress.bytesUploaded).toBe(0);
});

it('tells of every file what has one reason, once each', () => {
  const book = createCopyBook(specOf([]));
  for (const name of ['a', 'b', 'a']) book.notice({ reason: 'AlreadyCopied', message: `${name} was there.` });
  expect(book.report().notices).toEqual([{ reason: 'AlreadyCopied', message: 'a was there. b was there.' }]);
  for (let file = 0; file < 200; file++)
    book.notice({ reason: 'AlreadyCopied', message: `${file} was there.` });
  expect(book.report().notices[0]?.message.length).toBeLessThanOrEqual(1024);
});
