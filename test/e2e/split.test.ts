import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runChild } from '../media/child.ts';
import { inspect, requireOrdinaryMp4 } from '../media/inspect.ts';
import {
  createWorkbench,
  localStorageManifest,
  recordingManifest,
  streamSource,
  type Workbench,
} from './workbench.ts';

const minutes = 25;

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

it('makes three files of 25 minutes split every 10, which join without a lost frame', async () => {
  const source = `${bench.directory}/long.mp4`;
  await longSource(source);
  const whole = await inspect(source);
  const file = await bench.manifest(
    localStorageManifest('here', `${bench.directory}/out`),
    recordingManifest('long', 'here', { ...streamSource(source), splitEvery: '10m' }),
  );
  await bench.run(['run', '-f', file]);
  const { outputs = [], stopReason, gaps = [] } = await bench.status('long');
  expect(stopReason).toBe('SourceEnded');
  expect(gaps).toEqual([]);
  expect(outputs.map(({ segment }) => segment)).toEqual([1, 2, 3]);
  const paths = outputs.map(({ url }) => fileURLToPath(url ?? ''));
  expect(paths[1]).toMatch(/_002\.mp4$/);

  const facts = [];
  for (const path of paths) facts.push(await requireOrdinaryMp4(path));
  const lengths = facts.map(({ durationSeconds }) => Math.round(durationSeconds));
  expect(lengths).toEqual([600, 600, 300]);
  expect(facts.reduce((sum, { videoFrames }) => sum + videoFrames, 0)).toBe(whole.videoFrames);

  // Frame for frame what the source shows, and sound packet for sound packet.
  for (const hashes of [pictureHashes, soundHashes]) {
    const asked = await hashes(source);
    const joined = (await Promise.all(paths.map(hashes))).flat();
    const differing = joined.findIndex((hash, index) => hash !== asked[index]);
    expect({ count: joined.length, differing }).toEqual({ count: asked.length, differing: -1 });
  }
});

/** 25 minutes, made in seconds: one minute is encoded and then copied again and again. */
async function longSource(path: string): Promise<void> {
  const minute = `${path}.minute.mp4`;
  await runChild('ffmpeg', [
    ...[
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      'testsrc2=size=160x90:rate=10',
      '-f',
      'lavfi',
      '-i',
      'sine=frequency=440',
    ],
    ...['-t', '60', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '20', '-bf', '0', '-pix_fmt', 'yuv420p'],
    ...['-c:a', 'aac', '-b:a', '32k', minute],
  ]);
  await runChild('ffmpeg', [
    ...[
      '-v',
      'error',
      '-stream_loop',
      String(minutes - 1),
      '-i',
      minute,
      '-c',
      'copy',
      '-t',
      String(minutes * 60),
      path,
    ],
  ]);
}

/** Of each decoded frame: a copy may carry its parameter sets elsewhere than the source does. */
const pictureHashes = (path: string) => hashes(path, ['-map', '0:v:0']);
/** Of each packet as it is stored. */
const soundHashes = (path: string) => hashes(path, ['-map', '0:a:0', '-c', 'copy']);

async function hashes(path: string, what: readonly string[]): Promise<(string | undefined)[]> {
  const text = await runChild('ffmpeg', ['-v', 'error', '-i', path, ...what, '-f', 'framemd5', '-']);
  return text
    .toString()
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .map((line) => line.split(',')[5]?.trim());
}
