import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Broadcast, startBroadcast } from '../media/broadcast.ts';
import { requireOrdinaryMp4 } from '../media/inspect.ts';
import { measureSync, worstOffset } from '../media/sync-meter.ts';
import {
  createWorkbench,
  localStorageManifest,
  phaseIs,
  recordedSeconds,
  recordingManifest,
  streamSource,
  type Workbench,
} from './workbench.ts';

/** The longest pause between two tries of a source that is away, and what its opening takes. */
const comesBackSeconds = 14;

let bench: Workbench;
let broadcast: Broadcast;
beforeAll(async () => {
  bench = await createWorkbench();
  broadcast = await startBroadcast('Rtmp');
});
afterAll(async () => {
  await bench.close();
  await broadcast.stop();
});

it('goes on in the same file when a source drops for 20 seconds, and writes the gap down', async () => {
  const file = await bench.manifest(
    localStorageManifest('here', `${bench.directory}/out`),
    recordingManifest('dropped', 'here', streamSource(broadcast.url, { lostTimeout: '40s' })),
  );
  const running = bench.start('run', '-f', file);
  await bench.until('dropped', recordedSeconds(5));
  const droppedAt = Date.now();
  await broadcast.drop();
  await sleep(20_000);
  const away = await bench.status('dropped');
  expect(away.phase).toBe('Recording');
  const before = Number.parseFloat(away.duration ?? '0');
  await broadcast.return();
  const returnedAt = Date.now();
  await bench.until('dropped', recordedSeconds(before + 5));
  await bench.run(['stop', 'dropped']);
  expect(await running.exited, running.output()).toBe(0);

  const status = await bench.status('dropped');
  expect(status.phase).toBe('Uploaded');
  expect(status.outputs).toHaveLength(1);
  expect(status.gaps).toEqual([expect.objectContaining({ reason: 'SourceLost' })]);
  const gap = Number.parseFloat(status.gaps?.[0]?.duration ?? '0');
  expect(gap).toBeGreaterThan(19);
  expect(gap).toBeLessThan((returnedAt - droppedAt) / 1000 + comesBackSeconds);
  expect(Math.abs(Number.parseFloat(status.gaps?.[0]?.start ?? '0') - before)).toBeLessThan(1.5);
  const path = fileURLToPath(status.outputs?.[0]?.url ?? '');
  await requireOrdinaryMp4(path);
  expect(worstOffset(await measureSync(path))).toBeLessThanOrEqual(40);
});

it('ends, complete, when the source stays away for longer than it may', async () => {
  const file = await bench.manifest(
    localStorageManifest('here', `${bench.directory}/out`),
    recordingManifest('lost', 'here', streamSource(broadcast.url, { lostTimeout: '4s' })),
  );
  const running = bench.start('run', '-f', file);
  await bench.until('lost', recordedSeconds(4));
  await broadcast.drop();
  expect(await running.exited, running.output()).toBe(0);
  const status = await bench.until('lost', phaseIs('Uploaded'));
  expect(status.stopReason).toBe('SourceEnded');
  await requireOrdinaryMp4(fileURLToPath(status.outputs?.[0]?.url ?? ''));
});

const smaller = { width: 160, height: 90 };
const otherEncoder = { bFrames: 2, keyFrameFrames: 45 };

it.each([
  { protocol: 'Rtmp', back: smaller, how: 'copied', video: {}, widths: [320, 160] },
  { protocol: 'Rtmp', back: otherEncoder, how: 'copied', video: {}, widths: [320, 320] },
  { protocol: 'Rtmp', back: smaller, how: 'encoded', video: { width: 256, height: 144 }, widths: [256] },
  { protocol: 'Rtmp', back: smaller, how: 'encoded', video: { encode: 'Always' }, widths: [320] },
  { protocol: 'Hls', back: smaller, how: 'copied', video: {}, widths: [320, 160] },
  { protocol: 'Hls', back: smaller, how: 'encoded', video: { width: 256, height: 144 }, widths: [256] },
] as const)(
  'records a source ($protocol) that returns with $back, $how, into files of widths $widths',
  async ({ protocol, back, how, video, widths }) => {
    const name = `changed-${randomUUID()}`;
    const sender = await startBroadcast(protocol);
    try {
      const file = await bench.manifest(
        localStorageManifest('here', `${bench.directory}/out`),
        recordingManifest(name, 'here', { ...streamSource(sender.url), video }),
      );
      const running = bench.start('run', '-f', file);
      await bench.until(name, recordedSeconds(4));
      await sender.drop();
      await sender.return(back);
      await bench.until(name, recordedSeconds(9));
      await bench.run(['stop', name]);
      expect(await running.exited, running.output()).toBe(0);
      const { outputs = [], gaps = [] } = await bench.status(name);
      const facts = [];
      for (const { url } of outputs) facts.push(await requireOrdinaryMp4(fileURLToPath(url ?? '')));
      expect(facts.map(({ width }) => width)).toEqual(widths);
      expect(outputs.map(({ segment }) => segment)).toEqual(widths.map((_, index) => index + 1));
      // What is encoded hears of no change: neither sender's address nor connection was lost.
      // A playlist may begin with segments from before the change, which then is met once more.
      const reasons = new Set(gaps.map(({ reason }) => reason));
      expect([...reasons]).toEqual(how === 'copied' ? ['FormatChanged'] : []);
      expect(gaps.length).toBeLessThanOrEqual(protocol === 'Hls' ? 2 : 1);
    } finally {
      await sender.stop();
    }
  },
);
