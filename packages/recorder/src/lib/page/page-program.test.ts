import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findPagePrograms } from './page-program.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tapedeck-programs-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function put(name: string): string {
  const path = join(directory, name);
  writeFileSync(path, '');
  chmodSync(path, 0o755);
  return path;
}

it('finds the programs of a page in the PATH, and those that are named elsewhere', async () => {
  const [chromium, xvfb, pulseaudio] = ['google-chrome', 'Xvfb', 'other-pulse'].map(put);
  const environment = { PATH: directory, TAPEDECK_PULSEAUDIO: pulseaudio };
  expect(await findPagePrograms(environment)).toEqual({ chromium, xvfb, pulseaudio });
});

it('names the packages that are to be installed', async () => {
  put('Xvfb');
  await expect(findPagePrograms({ PATH: directory })).rejects.toMatchObject({
    code: 'BrowserMissing',
    message: expect.stringContaining('apt-get install chromium pulseaudio)'),
  });
});
