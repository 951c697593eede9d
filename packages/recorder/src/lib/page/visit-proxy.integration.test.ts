import { createServer, request, type Server } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { type Refusal, startVisitProxy, type VisitProxy } from './visit-proxy.ts';
import { createVisitRules } from './visit-rules.ts';

let server: Server;
let port: number;
let refused: Refusal[];
let proxy: VisitProxy;
/** What the name is said to be, one answer after the other. */
let answers: string[][];

async function begin(visit: string): Promise<void> {
  proxy = await startVisitProxy({
    rules: createVisitRules(visit),
    onRefused: (refusal) => refused.push(refusal),
    resolve: async () => answers.shift() ?? [],
  });
}

beforeEach(async () => {
  refused = [];
  answers = [];
  server = createServer((asked, answer) => answer.end(`${asked.headers.host} ${asked.url}`));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  port = z.object({ port: z.number() }).parse(server.address()).port;
});

afterEach(async () => {
  await proxy.close();
  server.closeAllConnections();
  server.close();
});

async function get(url: string): Promise<{ status: number | undefined; body: string }> {
  return await new Promise((resolve, reject) => {
    const asked = request(`${proxy.url}`, { path: url, headers: { host: new URL(url).host } }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode, body }));
    });
    asked.on('error', reject).end();
  });
}

/** First line of the answer to CONNECT. */
async function tunnel(target: string): Promise<string> {
  const { hostname, port: proxyPort } = new URL(proxy.url);
  const socket = connect(Number(proxyPort), hostname);
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  const text = await new Promise<string>((resolve) => {
    socket.once('data', (chunk) => resolve(chunk.toString()));
    socket.once('close', () => resolve('closed'));
  });
  socket.destroy();
  return text.split('\r\n')[0] ?? '';
}

it('passes on what the list opens, by address and by name', async () => {
  await begin(`127.0.0.1:${port}, meet.internal`);
  expect(await get(`http://127.0.0.1:${port}/a?b=c`)).toEqual({
    status: 200,
    body: `127.0.0.1:${port} /a?b=c`,
  });
  answers = [['127.0.0.1'], ['127.0.0.1']];
  expect(await get(`http://meet.internal:${port}/`)).toMatchObject({ body: `meet.internal:${port} /` });
  expect(await tunnel(`meet.internal:${port}`)).toContain('200');
  expect(refused).toEqual([]);
});

it('refuses this machine, however it is named', async () => {
  await begin('');
  answers = [['127.0.0.1'], ['::1', '10.0.0.1']];
  for (const host of ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', 'a.example'])
    expect(await get(`http://${host}:${port}/`)).toMatchObject({ status: 403 });
  expect(await tunnel(`127.0.0.1:${port}`)).toContain('403');
  expect(await tunnel(`b.example:${port}`)).toContain('403');
  expect(refused.map(({ host }) => host)).toContain('b.example');
});

it('connects to the address that it has judged, not to what the name says next', async () => {
  await begin('127.0.0.1');
  // Allowed at the first look, then another: only the first is ever asked for.
  answers = [['127.0.0.1'], ['10.0.0.1']];
  expect(await get(`http://rebind.example:${port}/`)).toMatchObject({ status: 200 });
  expect(answers).toEqual([['10.0.0.1']]);
  expect(await get(`http://rebind.example:${port}/`)).toMatchObject({ status: 403 });
});

it('leaves private addresses out of a name that has public ones too', async () => {
  await begin('127.0.0.1');
  answers = [['10.0.0.1', '127.0.0.1']];
  expect(await get(`http://mixed.example:${port}/`)).toMatchObject({ status: 200 });
});

it('closes where nobody answers, rather than answer for the page', async () => {
  await begin('127.0.0.1');
  await expect(get('http://127.0.0.1:1/')).rejects.toThrow();
  expect(await tunnel('127.0.0.1:1')).toContain('502');
});
