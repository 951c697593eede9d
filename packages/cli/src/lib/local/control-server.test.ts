import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { TapedeckError } from '@tapedeck/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkThroughControl, handOverSecrets, isControlled, linkThroughControl } from './control-client.ts';
import { type ControlServer, startControlServer } from './control-server.ts';
import { tryLead } from './leadership.ts';
import type { SecretEntry } from './secret-cache.ts';

let directory: string;
let socket: string;
let server: ControlServer;
let secrets: SecretEntry[];

const start = () =>
  startControlServer(socket, {
    receiveReport: async (report) => ({ desired: 'Paused', intervalSeconds: report.sequence }),
    putSecrets: async (entries) => void secrets.push(...entries),
    check: async (_, name) => {
      throw new TapedeckError('StorageDenied', `${name} says no`);
    },
    link: async (namespace, name, { keys, expiresInSeconds }) => ({
      version: 1,
      id: `${namespace}/${name}`,
      links: keys.map((key) => ({ key, type: 'Signed', url: `https://h/${key}?for=${expiresInSeconds}` })),
      notes: [],
    }),
  });

function call(
  method: string,
  path: string,
  body = '',
): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: socket, method, path, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, body: text }));
    });
    call.on('error', reject);
    call.end(body);
  });
}

const report = {
  version: 1,
  id: 'u-1',
  sequence: 3,
  time: '2026-11-21T09:00:00Z',
  state: 'Recording',
  progress: { durationSeconds: 1, bytesRecorded: 1, bytesUploaded: 1, lagSeconds: 0, bitrate: 8 },
  files: [],
  gaps: [],
  pauses: [],
  notices: [],
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tapedeck-control-'));
  socket = join(directory, 'control.sock');
  secrets = [];
  server = await start();
});
afterEach(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

it('answers a report with what control wants', async () => {
  expect(await call('POST', '/runs/u-1/report', JSON.stringify(report))).toEqual({
    status: 200,
    body: '{"desired":"Paused","intervalSeconds":3}',
  });
});

it.each([
  ['POST', '/runs/u-2/report', JSON.stringify(report), 400],
  ['POST', '/runs/u-1/report', 'no json', 400],
  ['POST', '/runs/u-1/report', JSON.stringify({ ...report, state: 'Napping' }), 400],
  ['PUT', '/secrets', '[{"name":"a"}]', 400],
  ['GET', '/runs/u-1/report', '', 404],
  ['GET', '/', '', 404],
])('refuses %s %s %s', async (method, path, body, status) => {
  expect((await call(method, path, body)).status).toBe(status);
});

it('takes Secrets, and names no value of a wrong one', async () => {
  const entry = { namespace: 'default', name: 'a', values: { key: 'hidden' } };
  await handOverSecrets(socket, [entry]);
  expect(secrets).toEqual([entry]);
  const wrong = await call('PUT', '/secrets', JSON.stringify([{ ...entry, values: { key: ['hidden'] } }]));
  expect(wrong.body).not.toContain('hidden');
});

it('carries an error through as it was', async () => {
  const check = checkThroughControl(
    socket,
    { namespace: 'default', name: 'a' },
    new AbortController().signal,
  );
  await expect(check).rejects.toMatchObject({ code: 'StorageDenied', message: 'a says no' });
});

it('hands a wish for links on, and refuses one that asks for too much', async () => {
  const storage = { namespace: 'default', name: 'team' };
  const wanted = { keys: ['a.mp4'], expiresInSeconds: 60 };
  const { signal } = new AbortController();
  expect(await linkThroughControl(socket, storage, wanted, signal)).toMatchObject({
    id: 'default/team',
    links: [{ key: 'a.mp4', url: 'https://h/a.mp4?for=60' }],
  });
  const week = { ...wanted, expiresInSeconds: 8 * 24 * 3600 };
  await expect(linkThroughControl(socket, storage, week, signal)).rejects.toMatchObject({
    code: 'InvalidManifest',
  });
});

it('tells that nobody is there, and replaces what a dead process left', async () => {
  expect(await isControlled(socket)).toBe(true);
  await server.close();
  expect(await isControlled(socket)).toBe(false);
  await expect(handOverSecrets(socket, [])).rejects.toMatchObject({ code: 'NotFound' });
  writeFileSync(socket, '');
  server = await start();
  expect(await isControlled(socket)).toBe(true);
});

it('lets one process lead at a time', () => {
  const lock = join(directory, 'control.lock');
  const first = tryLead(lock);
  expect(first).toBeDefined();
  expect(tryLead(lock)).toBeUndefined();
  first?.release();
  first?.release();
  const second = tryLead(lock);
  expect(second).toBeDefined();
  second?.release();
});

it.each([
  ['no JSON', 'https://h/a?sig=secret'],
  ['something else', '{"links":[{"url":"https://h/a?sig=secret"}]}'],
])('is not taken at its word by a command when it answers %s', async (_, text) => {
  const other = createServer((_request, response) => void response.end(text));
  await new Promise<void>((resolve) => other.listen(join(directory, 'other'), resolve));
  const wanted = { keys: ['a'], expiresInSeconds: 60 };
  const asked = linkThroughControl(
    join(directory, 'other'),
    { namespace: 'default', name: 'team' },
    wanted,
    new AbortController().signal,
  );
  const error = await asked.catch((cause: unknown) => cause);
  other.close();
  expect(error).toMatchObject({ code: 'Unknown', message: expect.stringContaining('does not understand') });
  expect(inspect(error)).not.toContain('secret');
});
