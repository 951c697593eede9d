import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ApiError, openKubeApi } from '@tapedeck/kube-api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTls } from './tls.ts';

/** As many connections as calls may hold at a time. */
const connections = 64;
let directory: string;
let asked = 0;
let server: ReturnType<typeof createServer>;
let kubeconfig: string;

/** An API server that takes every call and answers none. */
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-calls-'));
  const { ca } = await makeTls(directory, ['IP:127.0.0.1']);
  const [cert, key] = await Promise.all(
    ['tls.crt', 'tls.key'].map((name) => readFile(path.join(directory, name), 'utf8')),
  );
  server = createServer({ cert, key }, () => {
    asked += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'certificate-authority-data': Buffer.from(ca).toString('base64'),
  };
  kubeconfig = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'nobody', user: {} }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'nobody' } }],
    'current-context': 'test',
  });
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await rm(directory, { recursive: true, force: true });
});

it('gives up a call in its time that waits for a connection, while others hold them all', async () => {
  const api = openKubeApi(kubeconfig);
  const end = new AbortController();
  const holding = Array.from({ length: connections }, () =>
    api.call({ path: '/held', timeoutMs: 120_000, signal: end.signal }).catch((error: unknown) => error),
  );
  await expect.poll(() => asked, { timeout: 30_000 }).toBe(connections);
  await expect(api.call({ path: '/late', timeoutMs: 200 })).rejects.toThrow(/GET \/late: .*timeout/);
  const left = new AbortController();
  const leaving = api.call({ path: '/left', timeoutMs: 120_000, signal: left.signal });
  left.abort();
  await expect(leaving).rejects.toBeInstanceOf(ApiError);
  expect(asked).toBe(connections);
  end.abort();
  for (const error of await Promise.all(holding)) expect(error).toBeInstanceOf(ApiError);
});
