import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { makePageDirectory } from './page-directory.ts';

let temporary: string;
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'tapedeck-'));
  vi.stubEnv('TMPDIR', temporary);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(temporary, { recursive: true, force: true });
});

const user = { identity: undefined, sandbox: false };

it.skipIf(process.platform !== 'linux')("is nobody else's, and removes all that is in it", async () => {
  const directory = await makePageDirectory(user);
  expect(statSync(directory.path).mode & 0o777).toBe(0o700);
  mkdirSync(join(directory.home, 'more'));
  await directory.remove();
  expect(existsSync(directory.path)).toBe(false);
});

it.skipIf(process.platform !== 'linux')('says so where its path would be too long for a socket', async () => {
  const long = join(temporary, 'x'.repeat(60));
  mkdirSync(long);
  vi.stubEnv('TMPDIR', long);
  await expect(makePageDirectory(user)).rejects.toMatchObject({
    code: 'BrowserFailed',
    message: expect.stringContaining('set TMPDIR to a shorter one'),
  });
});
