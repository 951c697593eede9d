import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createReportFile } from './report-file.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapedeck-report-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('holds the state at the end of many writes at once, and leaves nothing beside it', async () => {
  let count = 0;
  const write = createReportFile(join(directory, 'result.json'), () => ({ count }));
  const writes = [];
  for (; count < 50; count++) writes.push(write());
  await Promise.all(writes);
  expect(JSON.parse(await readFile(join(directory, 'result.json'), 'utf8'))).toEqual({ count: 50 });
  expect(await readdir(directory)).toEqual(['result.json']);
});

it('tells each writer of a disk that does not take it, and goes on when it does again', async () => {
  const path = join(directory, 'later', 'result.json');
  const write = createReportFile(path, () => ({ fine: true }));
  await expect(write()).rejects.toThrow('ENOENT');
  const { mkdir } = await import('node:fs/promises');
  await mkdir(join(directory, 'later'));
  await write();
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ fine: true });
});
