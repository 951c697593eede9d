import { ApiError, openKubeApi } from '@tapedeck/kube-api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type HandApiServer, startHandApiServer } from './hand-api-server.ts';

/** As many connections as calls may hold at a time. */
const connections = 64;
let asked = 0;
let server: HandApiServer;

/** It takes every call and answers none. */
beforeAll(async () => {
  server = await startHandApiServer(() => {
    asked += 1;
  });
});
afterAll(() => server?.close());

it('gives up a call in its time that waits for a connection, while others hold them all', async () => {
  const api = openKubeApi(server.kubeconfig);
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
