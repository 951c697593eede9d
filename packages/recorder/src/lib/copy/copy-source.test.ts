import { type CopyFile, TapedeckError } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { openCopySource } from './copy-source.ts';

const file: CopyFile = {
  segment: 1,
  key: 'a.mp4',
  durationSeconds: 1,
  sources: [{ storage: 'team', key: 'a.mp4', bytes: 1 }],
};

it('says what is wrong with a storage that cannot be opened, and waits for it to be put right', async () => {
  const refused = new Map([['team', new TapedeckError('InvalidCredentials', 'The Secret lacks a key.')]]);
  await expect(openCopySource(file, new Map(), refused)).rejects.toMatchObject({
    code: 'SourceUnreachable',
    message: 'a.mp4 cannot be read from storage team: The Secret lacks a key. It is tried again.',
  });
});

it('has nothing to wait for where the run was not given the storage', async () => {
  await expect(openCopySource(file, new Map(), new Map())).rejects.toMatchObject({ code: 'SourceNotFound' });
});
