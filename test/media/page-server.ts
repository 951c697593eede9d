import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { root } from '../repo/checkout.ts';
import { realClip } from './clip.ts';

/** Answers a request that the reference page does not make; false: it is none of its. */
export type PageRoute = (asked: IncomingMessage, answer: ServerResponse) => boolean;

/** The reference page on loopback, and what a test adds to it. */
export interface PageServer {
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  readonly port: number;
  /** Of every request so far. */
  readonly requests: readonly IncomingMessage[];
  close(): Promise<void>;
}

const files: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['index.html', 'text/html'],
  '/page.css': ['page.css', 'text/css'],
  '/page.js': ['page.js', 'text/javascript'],
};

export async function startPageServer(route: PageRoute = () => false): Promise<PageServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((asked, answer) => {
    requests.push(asked);
    if (!route(asked, answer)) void serve(asked, answer);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

async function serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { pathname } = new URL(asked.url ?? '/', 'http://page');
  if (pathname === '/clip.mp4') {
    await serveClip(asked, answer);
    return;
  }
  const found = files[pathname];
  if (found === undefined) {
    answer.writeHead(404).end();
    return;
  }
  const [file, type] = found;
  const body = await readFile(join(root, 'test/media/page', file));
  answer.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
}

/** In ranges: Chromium loops nothing that it cannot seek in. */
async function serveClip(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  const body = await readFile(await realClip());
  const from = Number(/^bytes=(\d+)-/.exec(asked.headers.range ?? '')?.[1] ?? 0);
  answer
    .writeHead(206, {
      'content-type': 'video/mp4',
      'accept-ranges': 'bytes',
      'content-range': `bytes ${from}-${body.length - 1}/${body.length}`,
    })
    .end(body.subarray(from));
}
