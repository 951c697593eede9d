import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiError, openKubeApi } from '@tapedeck/kube-api';
import { afterEach, expect, it, vi } from 'vitest';
import { type HandApiServer, startHandApiServer } from './hand-api-server.ts';

const beginning = '{"kind":"ThingList","metadata":{"resourceVersion":"7"},"items":[{"name":"a"},{"na';
const ending = 'me":"b"}]}';

const servers: HandApiServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  vi.useRealTimers();
});

/** A server that answers every list like that, and what lists of it. */
async function start(answer: Parameters<typeof startHandApiServer>[0]) {
  const server = await startHandApiServer(answer);
  servers.push(server);
  const api = openKubeApi(server.kubeconfig);
  const found: unknown[] = [];
  const abort = new AbortController();
  const outcome = api
    .list('/things?limit=9', (item) => found.push(item), abort.signal)
    .catch((error: ApiError) => ({ status: error.status, reason: error.reason, message: error.message }));
  return { found, outcome, abort };
}

it('tells of each object of a list before the next one is there', async () => {
  const rest = Promise.withResolvers<void>();
  const { found, outcome } = await start((_, response) => {
    response.write(beginning);
    void rest.promise.then(() => response.end(ending));
  });
  await expect.poll(() => found).toEqual([{ name: 'a' }]);
  rest.resolve();
  expect(await outcome).toEqual({ resourceVersion: '7' });
  expect(found).toEqual([{ name: 'a' }, { name: 'b' }]);
});

it('does not take a list that is cut off for a short one', async () => {
  const { found, outcome } = await start((_, response) => {
    response.write(beginning);
    void sleep(50).then(() => response.destroy());
  });
  expect(await outcome).toMatchObject({ status: 0, reason: 'Unreachable' });
  expect(found).toEqual([{ name: 'a' }]);
});

it('hands on what the server says where it refuses', async () => {
  const { outcome } = await start((_, response) => {
    response.writeHead(403);
    response.end(JSON.stringify({ kind: 'Status', code: 403, reason: 'Forbidden', message: 'not you' }));
  });
  expect(await outcome).toEqual({ status: 403, reason: 'Forbidden', message: 'not you' });
});

it('is given up with its signal', async () => {
  const { found, outcome, abort } = await start((_, response) => response.write(beginning));
  await expect.poll(() => found).toHaveLength(1);
  abort.abort();
  expect(await outcome).toMatchObject({ status: 0, reason: 'Unreachable' });
});

it.each<[string, string]>([
  ['its first word', ''],
  ['the rest', beginning],
])('is given up where %s does not come in time', async (_, said) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const asked = Promise.withResolvers<void>();
  const { found, outcome } = await start((_request, response) => {
    if (said !== '') response.write(said);
    asked.resolve();
  });
  await asked.promise;
  await expect.poll(() => found).toHaveLength(said === '' ? 0 : 1);
  vi.advanceTimersByTime(30_000);
  expect(await outcome).toEqual({
    status: 0,
    reason: 'Timeout',
    message: 'GET /things: nothing came for 30 s',
  });
});
