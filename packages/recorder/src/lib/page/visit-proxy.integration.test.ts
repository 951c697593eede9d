import { createServer, request, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Refusal, startVisitProxy, type VisitProxy } from './visit-proxy.ts';
import { createVisitRules } from './visit-rules.ts';

let server: Server;
let port: number;
let refused: Refusal[];
let proxy: VisitProxy;
/** What the name is said to be, one answer after the other. */
let answers: string[][];

async function begin(visit: string, connectMs?: number): Promise<void> {
  proxy = await startVisitProxy({
    ...(connectMs === undefined ? {} : { connectMs }),
    rules: createVisitRules(visit),
    onRefused: (refusal) => refused.push(refusal),
    resolve: async () => answers.shift() ?? [],
  });
}

beforeEach(async () => {
  refused = [];
  answers = [];
  server = createServer((asked, answer) => answer.end(`${asked.headers.host} ${asked.url}`));
  port = await listen(server);
});

async function listen(listening: TcpServer): Promise<number> {
  await new Promise<void>((done) => listening.listen(0, '127.0.0.1', done));
  return z.object({ port: z.number() }).parse(listening.address()).port;
}

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

function askForTunnel(target: string): Socket {
  const { hostname, port: proxyPort } = new URL(proxy.url);
  const socket = connect(Number(proxyPort), hostname);
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  return socket;
}

/** First line of the answer to CONNECT. */
async function tunnel(target: string): Promise<string> {
  const socket = askForTunnel(target);
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

it('tries the next address where one does not answer, by request and by tunnel', async () => {
  await begin('127.0.0.0/8');
  answers = [
    ['127.0.0.2', '127.0.0.3', '127.0.0.1'],
    ['127.0.0.2', '127.0.0.1'],
  ];
  expect(await get(`http://many.example:${port}/`)).toMatchObject({ status: 200 });
  expect(await tunnel(`many.example:${port}`)).toContain('200');
});

it('lets an answer take longer than a connection may', async () => {
  await begin('127.0.0.1', 200);
  server.removeAllListeners('request');
  server.on('request', (_, answer) => setTimeout(() => answer.end('at last'), 600));
  expect(await get(`http://127.0.0.1:${port}/poll`)).toEqual({ status: 200, body: 'at last' });
});

describe('a tunnel', () => {
  let accepted: Socket[];
  let far: TcpServer;
  let target: string;
  let whenAccepted: (socket: Socket) => void;

  beforeEach(async () => {
    accepted = [];
    whenAccepted = () => undefined;
    far = createTcpServer({ allowHalfOpen: true }, (socket) => {
      accepted.push(socket);
      socket.on('error', () => undefined);
      whenAccepted(socket);
    });
    target = `127.0.0.1:${await listen(far)}`;
  });

  afterEach(() => {
    for (const socket of accepted) socket.destroy();
    far.close();
  });

  /** All that comes out of it until it is closed. */
  async function read(socket: Socket): Promise<string> {
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    await new Promise<void>((done) => socket.once('close', () => done()));
    return text;
  }

  it('brings a slow reader what was sent before its end', async () => {
    await begin('127.0.0.1');
    // More than the kernel's buffers hold, and a last bit that the proxy queues without waiting for the reader.
    const bytes = 16 * 1024 * 1024 + 1_000;
    whenAccepted = (socket) => socket.resume().end(Buffer.alloc(bytes, 'x'));
    let got = 0;
    for await (const chunk of askForTunnel(target)) {
      got += z.instanceof(Buffer).parse(chunk).length;
      await new Promise((done) => setTimeout(done, 2));
    }
    expect(got).toBe('HTTP/1.1 200 Connected\r\n\r\n'.length + bytes);
  });

  it('lets each side end before the other', async () => {
    await begin('127.0.0.1');
    whenAccepted = (socket) => {
      let asked = '';
      socket.on('data', (chunk) => {
        asked += chunk.toString();
      });
      socket.on('end', () => socket.end(`you said ${asked}`));
    };
    const client = askForTunnel(target);
    client.end('all of it');
    expect(await read(client)).toBe('HTTP/1.1 200 Connected\r\n\r\nyou said all of it');
  });

  it('that breaks says nothing of its own in between', async () => {
    await begin('127.0.0.1');
    whenAccepted = (socket) => {
      socket.write('hello');
      setTimeout(() => socket.resetAndDestroy(), 200);
    };
    const client = askForTunnel(target).on('error', () => undefined);
    expect(await read(client)).toBe('HTTP/1.1 200 Connected\r\n\r\nhello');
  });

  it('is not made for who has gone', async () => {
    let answer: (addresses: string[]) => void = () => undefined;
    let asked: () => void = () => undefined;
    const begun = new Promise<void>((done) => {
      asked = done;
    });
    proxy = await startVisitProxy({
      rules: createVisitRules('127.0.0.1'),
      onRefused: (refusal) => refused.push(refusal),
      resolve: async () => {
        asked();
        return await new Promise((resolve) => {
          answer = resolve;
        });
      },
    });
    const client = askForTunnel(target.replace('127.0.0.1', 'slow.example'));
    await begun;
    client.resetAndDestroy();
    await new Promise((done) => setTimeout(done, 100));
    answer(['127.0.0.1']);
    await new Promise((done) => setTimeout(done, 100));
    expect(accepted).toEqual([]);
  });
});
