import { lookup } from 'node:dns/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import { z } from 'zod';
import { connectJudged, type Judged } from './judged-connection.ts';
import type { VisitRules } from './visit-rules.ts';

/** An address that a page was kept from. */
export interface Refusal {
  readonly host: string;
  readonly port: number;
}

/** The only way from a page to anywhere: it looks names up itself, and connects to none but what it has judged then. */
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
  /** Until a server has taken a connection; for tests. */
  readonly connectMs?: number;
}

/** Of an answer of ours: Chromium tells a page nothing of it. */
export const refusedStatus = 403;
const unreachableStatus = 502;

type Target = { readonly kind: 'Refused' } | ({ readonly kind: 'Judged' } & Judged);

export async function startVisitProxy(options: VisitProxyOptions): Promise<VisitProxy> {
  const { rules, onRefused, connectMs } = options;
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
    const judged = addresses.filter((each) => open || rules.allowsAddress(each, port));
    if (judged.length > 0) return { kind: 'Judged', host, port, addresses: judged };
    onRefused({ host, port });
    return { kind: 'Refused' };
  }

  async function tunnel(asked: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const { host, port } = hostAndPort(asked.url ?? '');
    const target = await judge(host, port);
    if (client.destroyed) return;
    if (target.kind === 'Refused') {
      client.end(`HTTP/1.1 ${refusedStatus} Refused\r\n\r\n`);
      return;
    }
    const server = keep(connectJudged(target, connectMs));
    const onGone = () => server.destroy();
    const onUnreachable = () => client.end(`HTTP/1.1 ${unreachableStatus} Unreachable\r\n\r\n`);
    client.once('close', onGone);
    server.once('error', onUnreachable);
    server.once('connect', () => {
      // From here on the two ends speak to each other alone, and what one has sent reaches the other before its end does.
      client.off('close', onGone);
      server.off('error', onUnreachable);
      client.write('HTTP/1.1 200 Connected\r\n\r\n');
      server.write(head);
      pipeline(client, server, () => undefined);
      pipeline(server, client, () => undefined);
    });
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
    if (answer.destroyed) return;
    if (target.kind === 'Refused') {
      answer.writeHead(refusedStatus).end();
      return;
    }
    const onward = request({
      ...{ host, port, method: asked.method, path: `${url.pathname}${url.search}` },
      // Hop by hop: of this connection only.
      headers: { ...withoutHopHeaders(asked.headers), host: url.host },
      // None is shared: one that is open leads to what was judged then.
      createConnection: () => keep(connectJudged(target, connectMs)),
    });
    onward.once('response', (response) => {
      answer.writeHead(response.statusCode ?? unreachableStatus, withoutHopHeaders(response.headers));
      response.on('error', () => answer.destroy());
      response.pipe(answer);
    });
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
