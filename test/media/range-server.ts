import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';

/** One file over http with byte ranges, on loopback, and a page around it. */
export interface RangeServer {
  /** Of a page with nothing but the video. */
  readonly pageUrl: string;
  /** Ranges of the file asked for so far, as they were written: `bytes=0-`. */
  readonly requests: readonly string[];
  /** Forgets them. */
  clear(): void;
  stop(): Promise<void>;
}

export async function startRangeServer(file: string): Promise<RangeServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    if (request.url !== '/video.mp4') {
      response.writeHead(request.url === '/' ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' });
      response.end('<!doctype html><title>playback</title><video muted preload="auto"></video>');
      return;
    }
    const { range } = request.headers;
    requests.push(range ?? 'all');
    sendFile(file, range, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  return {
    pageUrl: `http://127.0.0.1:${address.port}/`,
    requests,
    clear: () => void requests.splice(0),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function sendFile(file: string, range: string | undefined, response: ServerResponse): Promise<void> {
  const { size } = await stat(file);
  const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? 'bytes=0-') ?? [];
  const start = Number(from);
  const end = to === '' ? size - 1 : Math.min(size - 1, Number(to));
  response.writeHead(range === undefined ? 200 : 206, {
    'content-type': 'video/mp4',
    'content-length': end - start + 1,
    'accept-ranges': 'bytes',
    'content-range': `bytes ${start}-${end}/${size}`,
  });
  createReadStream(file, { start, end })
    .on('error', () => response.destroy())
    .pipe(response);
}
