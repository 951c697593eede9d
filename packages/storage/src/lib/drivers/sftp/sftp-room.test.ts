import { describe, expect, it } from 'vitest';
import { explainFull } from './sftp-room.ts';

const failure = (code: number) => Object.assign(new Error('Failure'), { code });

describe('a write that failed', () => {
  it.each([
    ['on a full disk', 4, 100, 'StorageFull'],
    ['on a disk with room', 4, 1_000_000, 'StorageUnavailable'],
    ['on a server that does not tell its room', 4, undefined, 'StorageUnavailable'],
  ])('%s', async (_, status, free, code) => {
    const session = { freeBytes: () => Promise.resolve(free) };
    const write = explainFull(session, '/recordings/a.mp4', 1000, () => Promise.reject(failure(status)));
    await expect(write).rejects.toMatchObject({ code });
  });

  it('for another reason keeps it', async () => {
    const session = { freeBytes: () => Promise.resolve(0) };
    const write = explainFull(session, 'a.mp4', 1000, () => Promise.reject(failure(3)));
    await expect(write).rejects.toMatchObject({ code: 3 });
  });
});
