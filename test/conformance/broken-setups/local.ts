import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RunStorage } from '@tapedeck/core';
import { brokenSetups } from './broken-setup.ts';

interface Scene {
  readonly directory: string;
}

const storage = (directory: string, prefix?: string): RunStorage => ({
  name: 'folder',
  spec: { provider: 'Local', local: { directory }, ...(prefix === undefined ? {} : { prefix }) },
  credentials: { type: 'None' },
});

export const brokenLocal = brokenSetups<Scene>({
  provider: 'Local',
  isThere: () => Promise.resolve(true),
  async open() {
    const directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-broken-'));
    await writeFile(path.join(directory, 'notes.txt'), 'a file');
    return { directory };
  },
  close: ({ directory }) => rm(directory, { recursive: true, force: true }),
  secrets: () => [],
  setups: [
    {
      title: 'a file where a directory should be',
      reason: 'BucketNotFound',
      step: 'Bucket',
      storage: ({ directory }) => storage(path.join(directory, 'notes.txt')),
    },
    {
      title: 'a prefix that is longer than a name may be',
      reason: 'InvalidManifest',
      step: 'Write',
      storage: ({ directory }) => storage(directory, 'a'.repeat(300)),
    },
  ],
});
