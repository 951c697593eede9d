import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeSource } from './probe.ts';

const run = promisify(execFile);
let directory: string;
let server: Server;
let base: string;

/** What the server answers by path; a status alone has no body. */
const answers: Record<string, number | { type: string; body: () => Promise<Buffer | string> }> = {
  '/denied': 403,
  '/unauthorized': 401,
  '/missing': 404,
  '/broken': 503,
  '/page': { type: 'text/html', body: async () => '<!doctype html><title>Hello</title>' },
  '/page-in-disguise': { type: 'video/mp4', body: async () => '<html><body>No</body></html>' },
  '/text': { type: 'text/plain', body: async () => 'hello '.repeat(1000) },
  '/empty': { type: 'video/mp4', body: async () => '' },
  '/clip.mp4': { type: 'video/mp4', body: async () => await readFile(join(directory, 'both.mp4')) },
  '/master.m3u8': {
    type: 'application/vnd.apple.mpegurl',
    body: async () => '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n',
  },
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapedeck-probe-'));
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=25'];
  const sound = ['-f', 'lavfi', '-i', 'sine=sample_rate=44100'];
  const end = ['-t', '1', '-pix_fmt', 'yuv420p', '-movflags', '+faststart'];
  await run('ffmpeg', ['-v', 'error', ...picture, ...sound, ...end, join(directory, 'both.mp4')]);
  await run('ffmpeg', ['-v', 'error', ...picture, ...end, join(directory, 'video.mp4')]);
  await run('ffmpeg', ['-v', 'error', ...sound, '-t', '1', join(directory, 'audio.m4a')]);
  await writeFile(join(directory, 'text.mp4'), 'hello '.repeat(1000));
  await writeFile(join(directory, 'empty.mp4'), '');
  server = createServer((request, response) => {
    const answer = answers[(request.url ?? '').split('?')[0] ?? ''];
    if (answer === undefined) request.socket.destroy();
    else if (typeof answer === 'number') response.writeHead(answer).end();
    else {
      void answer.body().then((body) => {
        response
          .writeHead(200, { 'content-type': answer.type, 'content-length': Buffer.byteLength(body) })
          .end(body);
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true, force: true });
});

describe('what a source has', () => {
  it('a file with both', async () => {
    expect(await probeSource(join(directory, 'both.mp4'))).toMatchObject({
      live: false,
      durationSeconds: expect.closeTo(1, 1),
      video: { codec: 'h264', width: 160, height: 90, frameRate: 25, pixelFormat: 'yuv420p', plain: true },
      audio: { codec: 'aac', profile: 'LC', sampleRate: 44_100, channels: 1 },
    });
  });

  it('one of the two', async () => {
    expect((await probeSource(join(directory, 'video.mp4'))).audio).toBeUndefined();
    expect((await probeSource(`file://${directory}/audio.m4a`)).video).toBeUndefined();
  });

  it('over http, with and without a secret in the address', async () => {
    const open = await probeSource(`${base}/clip.mp4`);
    const hidden = await probeSource(`${base}/clip.mp4?token=secret-token`);
    for (const found of [open, hidden]) {
      expect(found).toMatchObject({ live: false, video: { codec: 'h264' }, audio: { codec: 'aac' } });
    }
  });
});

it('knows FLV over http, with and without a secret in the address', async () => {
  const flv = join(directory, 'live.flv');
  await run('ffmpeg', ['-v', 'error', '-y', '-i', join(directory, 'both.mp4'), '-c', 'copy', flv]);
  answers['/live.flv'] = { type: 'video/x-flv', body: async () => await readFile(flv) };
  for (const query of ['', '?token=secret-token']) {
    expect(await probeSource(`${base}/live.flv${query}`)).toMatchObject({ container: 'flv' });
  }
});

describe('whether a playlist ends', () => {
  it.each([
    ['vod.m3u8', false],
    ['live.m3u8', true],
    ['of-vod.m3u8', false],
    ['of-live.m3u8', true],
  ])('%s live: %s', async (name, live) => {
    const segment = join(directory, 'segment.ts');
    await run('ffmpeg', ['-v', 'error', '-y', '-i', join(directory, 'both.mp4'), '-c', 'copy', segment]);
    const playlist = (end: string) => `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\nsegment.ts\n${end}`;
    const master = (of: string) => `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000,RESOLUTION=160x90\n${of}\n`;
    const type = 'application/vnd.apple.mpegurl';
    answers['/segment.ts'] = { type: 'video/mp2t', body: async () => await readFile(segment) };
    answers['/vod.m3u8'] = { type, body: async () => playlist('#EXT-X-ENDLIST\n') };
    answers['/live.m3u8'] = { type, body: async () => playlist('') };
    answers['/of-vod.m3u8'] = { type, body: async () => master('vod.m3u8') };
    answers['/of-live.m3u8'] = { type, body: async () => master('live.m3u8') };
    for (const query of ['', '?token=secret-token']) {
      expect(await probeSource(`${base}/${name}${query}`)).toMatchObject({ live, container: 'hls' });
    }
  });
});

describe('what is wrong with a source', () => {
  it.each([
    ['/denied', 'SourceDenied'],
    ['/unauthorized', 'SourceDenied'],
    ['/missing', 'SourceNotFound'],
    ['/broken', 'SourceUnreachable'],
    ['/page', 'SourceNotMedia'],
    ['/page-in-disguise', 'SourceNotMedia'],
    ['/text', 'SourceNotMedia'],
    ['/empty', 'SourceEmpty'],
    ['/hangs-up', 'SourceEmpty'],
  ])('http %s is %s', async (path, code) => {
    const failure = await probeSource(`${base}${path}?token=secret-token`).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code });
    expect(String(failure)).not.toContain('secret-token');
    expect(String(failure)).toContain(`${base}${path} `);
  });

  it('a playlist of the network reaches no file of this machine', async () => {
    await expect(probeSource(`${base}/master.m3u8`)).rejects.toMatchObject({
      code: expect.stringMatching(/InvalidSource|SourceNotMedia/),
    });
  });

  it.each([
    ['text.mp4', 'SourceNotMedia'],
    ['empty.mp4', 'SourceEmpty'],
    ['nowhere.mp4', 'SourceNotFound'],
    ['.', 'SourceNotMedia'],
  ])('file %s is %s', async (name, code) => {
    await expect(probeSource(join(directory, name))).rejects.toMatchObject({ code });
  });

  it.each(['http', 'rtmp', 'rtsp', 'srt'])('%s at a port where nobody listens', async (scheme) => {
    // Port 9 (discard) of loopback is nobody's on a machine of this century.
    await expect(
      probeSource(`${scheme}://127.0.0.1:9/live/key`, { timeoutSeconds: 6 }),
    ).rejects.toMatchObject({
      code: 'SourceUnreachable',
    });
  });

  it.each(['http', 'rtmp', 'rtsp'])('%s that is accepted and never answered', async (scheme) => {
    const silent = createTcpServer((socket) => socket.on('error', () => socket.destroy())).listen(
      0,
      '127.0.0.1',
    );
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const begin = performance.now();
    await expect(
      probeSource(`${scheme}://127.0.0.1:${port}/a/b`, { timeoutSeconds: 1.5 }),
    ).rejects.toMatchObject({
      code: 'SourceUnreachable',
    });
    expect(performance.now() - begin).toBeLessThan(3000);
    silent.close();
  });

  it('being called off is not the fault of the source', async () => {
    const control = new AbortController();
    const probe = probeSource(`${base}/clip.mp4`, { signal: control.signal });
    control.abort();
    await expect(probe).rejects.toMatchObject({ code: 'Aborted' });
  });
});
