import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { runChild } from '../../media/child.ts';
import { smallMinute } from './content.ts';

export interface BurstSource {
  /** An endless MPEG-TS; every connection begins at its start. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Between two sends once it is live: as even as packets come off a network. */
const stepMs = 100;

/**
 * A live source with a past: the first `burstSeconds` come as fast as they are read, what follows in real time
 * for as long as somebody reads. So hours are recorded in seconds, and what is stopped is a live recording.
 */
export async function startBurstSource(burstSeconds: number): Promise<BurstSource> {
  const minute = await smallMinute();
  const bytesPerSecond = (await transportStream(minute)) / 60;
  const server = createServer((_, response) => {
    send(minute, bytesPerSecond, burstSeconds, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  return {
    url: `http://127.0.0.1:${address.port}/live.ts`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The minute without end. */
const loop = (minute: string) => [
  ...['-loglevel', 'error', '-nostdin', '-stream_loop', '-1', '-i', minute],
  ...['-c', 'copy', '-f', 'mpegts', 'pipe:1'],
];

/** Bytes that a minute has as MPEG-TS, measured over three of them. */
async function transportStream(minute: string): Promise<number> {
  const minutes = 3;
  const bytes = await runChild('ffmpeg', [
    ...loop(minute).slice(0, -1),
    '-t',
    String(minutes * 60),
    'pipe:1',
  ]);
  return bytes.length / minutes;
}

function* pieces(chunk: Buffer, length: number): Generator<Buffer> {
  for (let at = 0; at < chunk.length; at += length) yield chunk.subarray(at, at + length);
}

async function send(
  minute: string,
  bytesPerSecond: number,
  burstSeconds: number,
  response: ServerResponse,
): Promise<void> {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  const ffmpeg = spawn('ffmpeg', loop(minute), { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(ffmpeg, 'exit');
  const stepBytes = Math.ceil((bytesPerSecond * stepMs) / 1000);
  response.writeHead(200, { 'content-type': 'video/mp2t' });
  try {
    let sent = 0;
    let liveSinceMs: number | undefined;
    for await (const chunk of ffmpeg.stdout as AsyncIterable<Buffer>) {
      for (const piece of pieces(chunk, liveSinceMs === undefined ? chunk.length : stepBytes)) {
        sent += piece.length;
        if (!response.write(piece)) await once(response, 'drain', { signal: closed.signal });
        const aheadMs = (sent / bytesPerSecond - burstSeconds) * 1000;
        if (aheadMs < 0) continue;
        liveSinceMs ??= performance.now();
        const waitMs = aheadMs - (performance.now() - liveSinceMs);
        if (waitMs > 0) await sleep(waitMs, undefined, { signal: closed.signal });
      }
    }
  } finally {
    ffmpeg.kill('SIGKILL');
    await exited;
  }
}
