import { lookup } from 'node:dns/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import type { VisitRules } from './visit-rules.ts';

/** An address that a page was kept from. */
export interface Refusal {
  readonly host: string;
  readonly port: number;
}

/** The only way from a page to anywhere: it looks names up itself, and connects to the very address that it has judged. */
export interface VisitProxy {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  close(): Promise<void>;
}

interface VisitProxyOptions {
  readonly rules: VisitRules;
  readonly onRefused: (refusal: Refusal) => void;
  /** All addresses of a name; for tests. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

/** Of an answer of ours: Chromium tells a page nothing of it. */
export const refusedStatus = 403;
const unreachableStatus = 502;
const connectMs = 15_000;

type Target = { readonly kind: 'Refused' } | { readonly kind: 'Address'; readonly address: string };

export async function startVisitProxy(options: VisitProxyOptions): Promise<VisitProxy> {
  const { rules, onRefused } = options;
  const resolve =
    options.resolve ??
    (async (host: string) =>
      (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address));
  const sockets = new Set<Duplex>();
  const keep = <T extends Duplex>(socket: T): T => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };

  /** A name may have several addresses, private ones among them: only those that may be visited count. */
  async function judge(host: string, port: number): Promise<Target> {
    const addresses = isIP(host) === 0 ? await resolve(host) : [host];
    const open = rules.allowsHost(host, port);
    const address = addresses.find((each) => open || rules.allowsAddress(each, port));
    if (address !== undefined) return { kind: 'Address', address };
    onRefused({ host, port });
    return { kind: 'Refused' };
  }

  async function tunnel(asked: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const { host, port } = hostAndPort(asked.url ?? '');
    const target = await judge(host, port);
    if (target.kind === 'Refused') {
      client.end(`HTTP/1.1 ${refusedStatus} Refused\r\n\r\n`);
      return;
    }
    const server: Socket = keep(connect({ host: target.address, port }));
    server.setTimeout(connectMs, () => server.destroy());
    server.once('connect', () => {
      server.setTimeout(0);
      client.write('HTTP/1.1 200 Connected\r\n\r\n');
      server.write(head);
      server.pipe(client).pipe(server);
    });
    server.once('error', () => client.end(`HTTP/1.1 ${unreachableStatus} Unreachable\r\n\r\n`));
    server.once('close', () => client.destroy());
    client.once('close', () => server.destroy());
  }

  async function forward(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = URL.parse(asked.url ?? '');
    if (url?.protocol !== 'http:') {
      answer.writeHead(400).end();
      return;
    }
    const port = Number(url.port || 80);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const target = await judge(host, port);
    if (target.kind === 'Refused') {
      answer.writeHead(refusedStatus).end();
      return;
    }
    const onward = request({
      ...{ host: target.address, port, method: asked.method, path: `${url.pathname}${url.search}` },
      // Hop by hop: of this connection only.
      headers: { ...withoutHopHeaders(asked.headers), host: url.host },
      timeout: connectMs,
    });
    onward.once('response', (response) => {
      onward.setTimeout(0);
      answer.writeHead(response.statusCode ?? unreachableStatus, withoutHopHeaders(response.headers));
      response.on('error', () => answer.destroy());
      response.pipe(answer);
    });
    onward.once('timeout', () => onward.destroy());
    // An answer of our own would look like the page's.
    onward.once('error', () => answer.destroy());
    answer.once('close', () => onward.destroy());
    asked.pipe(onward);
  }

  const server = createServer((asked, answer) => {
    forward(asked, answer).catch(() => answer.destroy());
  });
  server.on('connection', keep);
  server.on('connect', (asked: IncomingMessage, client: Duplex, head: Buffer) => {
    client.on('error', () => client.destroy());
    tunnel(asked, client, head).catch(() => client.end(`HTTP/1.1 ${unreachableStatus} Unknown\r\n\r\n`));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

function hostAndPort(text: string): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  return { host: bracketed ?? plain ?? '', port: Number(port ?? 0) };
}

const hopHeaders: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'upgrade',
];

function withoutHopHeaders<T>(headers: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopHeaders.includes(name)));
}
