import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seconds } from '../chaos/account.ts';
import { signalAll } from '../chaos/processes.ts';
import { type HlsBroadcast, startHlsBroadcast } from '../media/broadcast-hls.ts';
import { frameHashes, frameThumbnails, nearestPicture } from '../media/frame-identity.ts';
import { requireOrdinaryMp4 } from '../media/inspect.ts';
import { measureSync, worstOffset } from '../media/sync-meter.ts';
import {
  createWorkbench,
  localStorageManifest,
  recordedSeconds,
  recordingManifest,
  streamSource,
  type Workbench,
} from './workbench.ts';

// A playlist holds what was sent in the last seconds: who opens it again meets what it has recorded already.

let bench: Workbench;
let broadcast: HlsBroadcast;
beforeAll(async () => {
  bench = await createWorkbench();
  // Longer between key frames than a fragment is, and pictures that refer to later ones.
  broadcast = await startHlsBroadcast({ keyFrameFrames: 60, bFrames: 2 });
});
afterAll(async () => {
  await bench.close();
  await broadcast.stop();
});

/** Records, does `harm` after 6 s, records 6 s more; gives the file's path and the status. */
async function recordThrough(name: string, video: object, harm: () => Promise<void>) {
  const file = await bench.manifest(
    localStorageManifest('here', `${bench.directory}/out`),
    recordingManifest(name, 'here', { ...streamSource(broadcast.url), video }),
  );
  const running = bench.start('run', '-f', file);
  // A playlist gives its first seconds at once: they have to be in the storage too, or nothing is left of them.
  await bench.until(
    name,
    (status) => recordedSeconds(6)(status) && (status.progress?.bytesUploaded ?? 0) > 100_000,
  );
  await harm();
  await bench.until(name, recordedSeconds(13));
  await bench.run(['stop', name]);
  expect(await running.exited, running.output()).toBe(0);
  const status = await bench.status(name);
  expect(status.outputs).toHaveLength(1);
  return { status, path: fileURLToPath(status.outputs?.[0]?.url ?? '') };
}

/** All that was sent, as one input of ffmpeg's. */
async function sent(): Promise<string> {
  return `concat:${(await broadcast.segments()).join('|')}`;
}

/** A stop breaks the source off where it is: of the last frames some wait for others that they refer to. */
const brokenOff = 3;

it('has each frame once, and all of them, when its encoder is killed (copied)', async () => {
  const { status, path } = await recordThrough('copied', {}, async () => {
    expect(await signalAll(bench.directory, ['Encoder'], 'SIGKILL')).toBe(1);
  });
  expect(status.gaps ?? []).toEqual([]);
  await requireOrdinaryMp4(path);
  const all = await frameHashes(await sent());
  const recorded = (await frameHashes(path)).slice(0, -brokenOff);
  const from = all.indexOf(recorded[0] ?? '');
  expect(recorded.map((hash) => all.indexOf(hash) - from)).toEqual(recorded.map((_, index) => index));
  // The first flash is cut into: a recording may begin anywhere.
  expect(worstOffset((await measureSync(path)).slice(1))).toBeLessThanOrEqual(40);
});

it('has nothing twice, and tells what is missing to the next key frame, when its recorder is killed', async () => {
  const { status, path } = await recordThrough('again', {}, async () => {
    expect(await signalAll(bench.directory, ['Recorder'], 'SIGKILL')).toBe(1);
  });
  await requireOrdinaryMp4(path);
  expect(status.gaps).toMatchObject([{ reason: 'Interrupted' }]);
  const all = await frameHashes(await sent());
  const places = (await frameHashes(path)).slice(0, -brokenOff).map((hash) => all.indexOf(hash));
  const steps = places.slice(1).map((place, index) => place - (places[index] ?? 0));
  expect(steps.every((step) => step > 0)).toBe(true);
  const missing = steps.reduce((sum, step) => sum + step - 1, 0);
  // Two seconds between key frames, and what the first file's last frames waited for.
  expect(missing, steps.join()).toBeLessThanOrEqual(60 + brokenOff);
  expect(Math.abs(seconds(status.gaps?.[0]?.duration) - missing / 30)).toBeLessThan(0.2);
});

it('has nothing twice, and tells what is missing to the next key frame, when its encoder is killed (encoded)', async () => {
  const { status, path } = await recordThrough('encoded', { encode: 'Always' }, async () => {
    expect(await signalAll(bench.directory, ['Encoder'], 'SIGKILL')).toBe(1);
  });
  await requireOrdinaryMp4(path);
  // The first flash is cut into: a recording may begin anywhere.
  expect(worstOffset((await measureSync(path)).slice(1))).toBeLessThanOrEqual(40);
  const gap = seconds(status.gaps?.[0]?.duration);
  expect(gap).toBeLessThanOrEqual(1);
  const all = await frameThumbnails(await sent());
  const recorded = (await frameThumbnails(path)).filter((_, index) => index % framesApart === 0);
  const places = recorded.map((picture) => nearestPicture(all, picture));
  const steps = places.slice(1).map((place, index) => place - (places[index] ?? 0));
  const jumps = steps.filter((step) => Math.abs(step - framesApart) > 1);
  expect(Math.abs(steps.reduce((sum, step) => sum + step - framesApart, 0) / 30 - gap)).toBeLessThan(0.1);
  expect(jumps.length).toBeLessThanOrEqual(1);
});

/** Looking at each picture would take long. */
const framesApart = 10;
