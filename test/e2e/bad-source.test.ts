import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChild } from '../media/child.ts';
import { type FileServer, startFileServer } from '../media/file-server.ts';
import { freePort } from '../servers/free-port.ts';
import {
  createWorkbench,
  localStorageManifest,
  recordingManifest,
  streamSource,
  type Workbench,
} from './workbench.ts';

let bench: Workbench;
let web: FileServer;
/** Accepts connections and says nothing. */
let silent: Server;
/** Accepts connections and ends them at once. */
let curt: Server;
const port = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};
const listen = (onConnection: Parameters<typeof createServer>[1]): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer(onConnection);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });

beforeAll(async () => {
  bench = await createWorkbench();
  await writeFile(`${bench.directory}/page.html`, '<!doctype html><title>no stream</title>'.repeat(200));
  await writeFile(`${bench.directory}/empty.ts`, '');
  web = await startFileServer(bench.directory);
  silent = await listen((socket) => socket.on('error', () => undefined));
  curt = await listen((socket) => socket.end());
});
afterAll(async () => {
  await bench.close();
  await web.stop();
  silent.close();
  curt.close();
});

describe('a source that cannot be recorded is named in the status, and leaves no object', () => {
  it.each([
    [
      'refuses',
      async () => `rtmp://127.0.0.1:${await freePort()}/live/key-7f3a?token=hush-91`,
      'refuses the connection',
    ],
    ['has no such path', async () => `${web.url}/missing.m3u8`, 'answers 404'],
    ['is a web page', async () => `${web.url}/page.html`, 'a web page, not'],
    ['is empty', async () => `${web.url}/empty.ts`, 'nothing at all'],
    ['says nothing', async () => `http://127.0.0.1:${port(silent)}/live.ts`, 'did not show any media'],
    ['hangs up', async () => `rtmp://127.0.0.1:${port(curt)}/live/x`, '127.0.0.1'],
  ])('%s', async (what, url, sentence) => {
    // What answers has to be heard before that is over, also by a program that is slow to start.
    const startTimeout = what === 'says nothing' ? '3s' : '6s';
    const name = what.replaceAll(' ', '-');
    const file = await bench.manifest(
      localStorageManifest('here', `${bench.directory}/out`),
      recordingManifest(name, 'here', { ...streamSource(await url(), { startTimeout }), retries: 1 }),
    );
    const ended = bench.start('run', '-f', file);
    expect(await ended.exited, ended.output()).toBe(1);
    const status = await bench.status(name);
    expect(status.phase).toBe('Failed');
    const failed = status.conditions?.find(({ type }) => type === 'Failed');
    expect(failed?.message).toContain(sentence);
    expect(JSON.stringify(status) + ended.output()).not.toMatch(/key-7f3a|hush-91/);
    expect(await filesBelow(`${bench.directory}/out`)).toEqual([]);
  });
});

async function filesBelow(directory: string): Promise<string[]> {
  const found = startChild('find', [directory, '-type', 'f']);
  await found.exited;
  return found
    .output()
    .split('\n')
    .filter((line) => line.startsWith('/'));
}
