import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ErrorCode, TapedeckError } from '@tapedeck/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Driver, UploadToken } from '../driver.ts';
import { createDriver } from '../drivers/drivers.ts';
import { createProbes } from './check-probes.ts';

const { signal } = new AbortController();
let directory: string;
let driver: Driver;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-probes-'));
  driver = await createDriver({ spec: { provider: 'Local', local: { directory } }, credentials: {} });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** The driver of a service that says this of the name of every earlier check. */
function taken(code: ErrorCode): Driver {
  const keys = new Map<UploadToken, string>();
  return {
    ...driver,
    async begin(object, options) {
      const token = await driver.begin(object, options);
      keys.set(token, object.key);
      return token;
    },
    async complete(token, ...rest) {
      if (keys.get(token)?.endsWith('-multipart')) throw new TapedeckError(code, `It says ${code}.`);
      return driver.complete(token, ...rest);
    },
  };
}

describe('the probe of uploads', () => {
  it.each(['AlreadyExists', 'StorageDenied', 'UploadGone'] as const)(
    'takes another name where the usual one is taken: %s',
    async (code) => {
      const probes = createProbes(taken(code), '');
      await probes.multipart(signal);
      const [found, ...others] = (await readdir(directory)).filter((name) => !name.endsWith('.part'));
      expect(found).toMatch(/^\.tapedeck-check-multipart-/);
      expect(others).toEqual([]);
      await probes.cleanUp(signal);
      expect(await readdir(directory)).toEqual([]);
    },
  );

  it('does not try again where a service says something else', async () => {
    await expect(createProbes(taken('StorageFull'), '').multipart(signal)).rejects.toMatchObject({
      code: 'StorageFull',
    });
  });
});

it('says of a link that nobody answers where it leads, and nothing of its signature', async () => {
  const signUrl = async () => 'http://127.0.0.1:1/a?X-Amz-Signature=abcdef';
  const probes = createProbes({ ...driver, signUrl }, '');
  const error = await probes.sign(signal).catch((cause: unknown) => TapedeckError.from(cause));
  expect(error).toMatchObject({
    code: 'StorageUnreachable',
    message: expect.stringContaining(driver.url('')),
  });
  expect(String(error)).not.toContain('abcdef');
});
