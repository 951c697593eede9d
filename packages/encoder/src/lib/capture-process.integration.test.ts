import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Capture } from './capture-contract.ts';
import { planCapture } from './capture-plan.ts';
import { startCapture } from './capture-process.ts';
import type { CapturePlan } from './capture-source.ts';
import { findFfmpeg } from './ffmpeg-program.ts';

const run = promisify(execFile);
const card = planCapture({ source: { type: 'TestCard' }, video: { width: 320, height: 180 }, audio: {} });
const planFor = (url: string): CapturePlan =>
  planCapture({ source: { type: 'Stream', url }, video: {}, audio: {} });

let directory: string;
let silent: Server;
let silentUrl: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapedeck-capture-'));
  silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  silentUrl = `rtmp://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/live/key`;
});

afterAll(async () => {
  silent.close();
  await rm(directory, { recursive: true, force: true });
});

/** A program that stands for ffmpeg. */
async function fakeFfmpeg(name: string, script: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

async function collect(capture: Capture): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of capture.stdout) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function gone(pid: number, seconds: number): Promise<boolean> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    if (!isAlive(pid)) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

async function durations(file: string): Promise<Record<string, number>> {
  const { stdout } = await run('ffprobe', [
    ...['-v', 'error', '-show_entries', 'stream=codec_name,duration', '-of', 'json', file],
  ]);
  const { streams } = JSON.parse(stdout) as { streams: { codec_name: string; duration: string }[] };
  return Object.fromEntries(streams.map((stream) => [stream.codec_name, Number(stream.duration)]));
}

describe('a capture of the test card', () => {
  it('gives H264 and AAC that play, and ends within a second when it is stopped', async () => {
    const capture = await startCapture(card);
    const bytes = collect(capture);
    await new Promise((resolve) => setTimeout(resolve, 3200));
    expect(capture.stats.frames).toBeGreaterThan(30);
    const begin = performance.now();
    const end = await capture.stop();
    expect(performance.now() - begin).toBeLessThan(1500);
    expect(end).toMatchObject({ asked: true, killed: false, exitCode: 255 });
    expect(end.error).toBeUndefined();
    const file = join(directory, 'card.mp4');
    await writeFile(file, await bytes);
    expect(end.stats.bytes).toBe((await bytes).length);
    const found = await durations(file);
    expect(found.h264).toBeGreaterThan(2.5);
    expect(Math.abs((found.h264 ?? 0) - (found.aac ?? 0))).toBeLessThan(0.1);
  });

  it('ends by its signal, and stopping or killing it twice is the same end', async () => {
    const control = new AbortController();
    const capture = await startCapture(card, { signal: control.signal });
    capture.stdout.resume();
    await once(capture.stdout, 'data');
    control.abort();
    const ends = await Promise.all([capture.ended, capture.stop(), capture.kill()]);
    expect(ends[0].asked).toBe(true);
    expect(new Set(ends).size).toBe(1);
    await expect(startCapture(card, { signal: control.signal })).rejects.toMatchObject({ code: 'Aborted' });
  });

  it('killed from outside is a failure, and what was read is whole fragments', async () => {
    const capture = await startCapture(card);
    const bytes = collect(capture);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    process.kill(capture.pid ?? 0, 'SIGKILL');
    const end = await capture.ended;
    expect(end).toMatchObject({
      asked: false,
      killed: false,
      signal: 'SIGKILL',
      error: { code: 'EncoderFailed' },
    });
    const file = join(directory, 'killed.mp4');
    await writeFile(file, await bytes);
    expect((await durations(file)).h264).toBeGreaterThan(1);
  });
});

describe('a finite file', () => {
  it('ends by itself, without an error, once all of it has been read', async () => {
    const source = join(directory, 'source.mp4');
    await run('ffmpeg', [
      ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=25', '-f', 'lavfi', '-i', 'sine'],
      ...['-t', '3', '-pix_fmt', 'yuv420p', source],
    ]);
    const capture = await startCapture(planFor(source));
    const bytes = await collect(capture);
    expect(await capture.ended).toMatchObject({ asked: false, exitCode: 0 });
    expect((await capture.ended).error).toBeUndefined();
    const file = join(directory, 'copied.mp4');
    await writeFile(file, bytes);
    expect((await durations(file)).h264).toBeCloseTo(3, 0);
  });

  it.each([
    ['that is missing', 'missing.mp4', undefined, 'SourceNotFound'],
    ['of text', 'text.mp4', 'hello '.repeat(1000), 'SourceNotMedia'],
    ['of nothing', 'empty.mp4', '', 'SourceNotMedia'],
  ])('%s is named as such', async (_, name, content, code) => {
    const path = join(directory, name);
    if (content !== undefined) await writeFile(path, content);
    const capture = await startCapture(planFor(path));
    expect(await collect(capture)).toHaveLength(0);
    expect(await capture.ended).toMatchObject({ error: { code }, asked: false });
  });
});

describe('a source that sends nothing', () => {
  it('is given up after the stated time', async () => {
    const capture = await startCapture(planFor(silentUrl), { startTimeoutSeconds: 1 });
    capture.stdout.resume();
    const begin = performance.now();
    const end = await capture.ended;
    expect(performance.now() - begin).toBeLessThan(4000);
    expect(end.error).toMatchObject({ code: 'SourceStalled' });
    expect(end.error?.message).not.toContain('key');
  });

  it('that went silent midway is told from one that nobody reads', async () => {
    const talks = await fakeFfmpeg('goes-silent', 'head -c 100000 /dev/zero; sleep 60');
    const capture = await startCapture(card, {
      ffmpeg: talks,
      stallTimeoutSeconds: 0.6,
      stopTimeoutSeconds: 0.2,
    });
    await once(capture.stdout, 'readable');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(capture.pid !== undefined && isAlive(capture.pid)).toBe(true);
    capture.stdout.resume();
    expect(await capture.ended).toMatchObject({ error: { code: 'SourceStalled' } });
  });
});

describe('an ffmpeg that does not obey', () => {
  it('is killed after the stated time, and the end says so', async () => {
    const deaf = await fakeFfmpeg('deaf', "trap '' INT TERM; while :; do sleep 0.1; done");
    const capture = await startCapture(card, { ffmpeg: deaf, stopTimeoutSeconds: 0.5 });
    capture.stdout.resume();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const begin = performance.now();
    expect(await capture.stop()).toMatchObject({ asked: true, killed: true, signal: 'SIGKILL' });
    expect(performance.now() - begin).toBeLessThan(2000);
  });

  it('that floods stderr costs no memory and blocks nothing', async () => {
    const loud = await fakeFfmpeg(
      'loud',
      'i=0; while [ $i -lt 20000 ]; do echo "[error] line $i, quite long as lines go" >&2; i=$((i+1)); done; exit 1',
    );
    const capture = await startCapture(card, { ffmpeg: loud });
    capture.stdout.resume();
    const end = await capture.ended;
    expect(end).toMatchObject({ exitCode: 1, error: { code: 'EncoderFailed' } });
    expect(end.stderrTail).toHaveLength(64);
    expect(end.error?.message).toContain('line 19999');
  });

  it('that cannot be started is missing', async () => {
    const capture = startCapture(card, { ffmpeg: join(directory, 'nowhere') });
    const end = await capture.then(async (started) => {
      started.stdout.resume();
      return await started.ended;
    });
    expect(end.error?.code).toMatch(/EncoderMissing|EncoderFailed/);
    await expect(findFfmpeg({ PATH: '/nowhere' })).rejects.toMatchObject({ code: 'EncoderMissing' });
    await expect(findFfmpeg({ TAPEDECK_FFMPEG: '/nowhere/ffmpeg' })).rejects.toMatchObject({
      code: 'EncoderMissing',
    });
  });
});

describe('when we die, ffmpeg does not stay', () => {
  it.each([
    ['the kernel sees to it', true, 'card'],
    ['the kernel sees to it, before a silent source', true, 'silent'],
    ['a guard sees to it, where there is no setpriv, before a silent source', false, 'silent'],
  ] as const)('%s', async (_, withSetpriv, source) => {
    const bin = join(directory, `bin-${withSetpriv}-${source}`);
    await run('mkdir', ['-p', bin]);
    if (!withSetpriv) await symlink(process.execPath, join(bin, 'node'));
    const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
    const program = `
      const { planCapture } = await import(${module('./capture-plan.ts')});
      const { startCapture } = await import(${module('./capture-process.ts')});
      const source = ${source === 'card' ? '{ type: "TestCard" }' : JSON.stringify({ type: 'Stream', url: silentUrl })};
      const capture = await startCapture(planCapture({ source, video: { width: 160, height: 90 }, audio: {} }));
      capture.stdout.resume();
      setTimeout(() => console.log(capture.pid), 700);
      setInterval(() => undefined, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        TAPEDECK_FFMPEG: await findFfmpeg(),
        ...(withSetpriv ? {} : { PATH: bin }),
      },
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    expect(await gone(pid, 5)).toBe(true);
  });
});

it('shows no secret of its source to the other users of the machine', async () => {
  const secret = 'hunter22-stream-key';
  const capture = await startCapture(planFor(silentUrl.replace(/key$/, secret)), { startTimeoutSeconds: 30 });
  capture.stdout.resume();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const line = await readFile(`/proc/${capture.pid}/cmdline`, 'utf8').catch(async () => {
    const ps = spawn('ps', ['-o', 'command=', '-p', String(capture.pid)]);
    return await text(ps.stdout);
  });
  const end = await capture.kill();
  expect(line).toContain('-movflags');
  expect(line).not.toContain(secret);
  expect(JSON.stringify(end)).not.toContain(secret);
});
