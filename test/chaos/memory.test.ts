import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  createWorkbench,
  phaseIs,
  recordingManifest,
  streamSource,
  type Workbench,
} from '../e2e/workbench.ts';
import { runChild } from '../media/child.ts';
import { inspect } from '../media/inspect.ts';
import { type Destination, s3Destination } from './destination.ts';
import { mebibyte, memoryOf } from './memory.ts';

/**
 * At some hundred times real time what the collector has not come to yet counts too; what a recorder takes in real
 * time, and may take, is measured by the benchmark of overhead.
 */
const mostBytes = 208 * mebibyte;
/**
 * Its index: 550,000 frames of picture and sound at 8 bytes, in arrays that double (9 MB), as boxes and as the head
 * that holds them (4 MB each, twice while they are put), and what a collector leaves of that. Of the 200 MB that are
 * recorded nothing may stay.
 */
const mayGrowBytes = 48 * mebibyte;

let directory: string;
let bench: Workbench;
let destination: Destination;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapedeck-hours-'));
  bench = await createWorkbench();
  destination = await s3Destination();
});
afterAll(async () => {
  await bench.close();
  await destination.close();
  await rm(directory, { recursive: true, force: true });
});

/** So many minutes of H264 and AAC that a recording copies. */
async function media(minutes: number): Promise<string> {
  const minute = join(directory, 'minute.ts');
  const path = join(directory, `${minutes}.ts`);
  const encode = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '30', '-pix_fmt', 'yuv420p'];
  await runChild('ffmpeg', [
    ...[
      '-loglevel',
      'error',
      '-y',
      '-f',
      'lavfi',
      '-i',
      'testsrc2=s=320x180:r=30',
      '-f',
      'lavfi',
      '-i',
      'sine',
    ],
    ...['-t', '60', ...encode, '-b:v', '150k', '-c:a', 'aac', '-ar', '48000', '-ac', '2', minute],
  ]);
  const loops = String(minutes - 1);
  await runChild('ffmpeg', [
    ...['-loglevel', 'error', '-stream_loop', loops, '-i', minute, '-c', 'copy', path],
  ]);
  return path;
}

/** Records a file as fast as it can be read; gives the most memory that the recorder had. */
async function record(minutes: number): Promise<number> {
  const name = `minutes-${minutes}`;
  const path = await media(minutes);
  const source = streamSource(path);
  // One file; the room that is kept for its index is for as long as it may become.
  const limits = { maxDuration: '3h', splitEvery: '3h' };
  const manifest = await bench.manifest(
    ...destination.manifests,
    recordingManifest(name, 'place', { ...source, ...limits }),
  );
  const running = bench.start('run', '-f', manifest);
  let over = false;
  void running.exited.then(() => {
    over = true;
  });
  let peak = 0;
  while (!over) {
    peak = Math.max(peak, (await memoryOf(bench.directory, 'Recorder'))?.peak ?? 0);
    await sleep(100);
  }
  expect(await running.exited).toBe(0);
  const status = await bench.until(name, phaseIs('Uploaded'));
  expect(status.outputs).toHaveLength(1);
  const [output] = status.outputs ?? [];
  if (output === undefined) throw new Error('no output');
  const facts = await inspect(await destination.fetch(output));
  const { durationSeconds } = await inspect(path);
  expect(Math.abs(facts.durationSeconds - durationSeconds)).toBeLessThan(1);
  return peak;
}

it('takes no more memory for two hours than for half an hour', { timeout: 600_000 }, async () => {
  const minutes = await record(30);
  const hours = await record(120);
  process.stderr.write(
    `Most memory of the recorder: ${Math.round(minutes / mebibyte)} MiB for 30 min, ${Math.round(hours / mebibyte)} MiB for 2 h.\n`,
  );
  expect(hours).toBeLessThan(mostBytes);
  expect(hours - minutes).toBeLessThan(mayGrowBytes);
});
