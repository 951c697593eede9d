import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordingStatus } from '@tapedeck/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createWorkbench,
  phaseIs,
  recordedSeconds,
  recordingManifest,
  smallTestCard,
  streamSource,
  type Workbench,
} from '../e2e/workbench.ts';
import type { TestChild } from '../media/child.ts';
import { requireOrdinaryMp4 } from '../media/inspect.ts';
import { account, seconds } from './account.ts';
import { type S3Destination, s3Destination } from './destination.ts';
import { leftovers } from './leftovers.ts';
import { broadcastNoise } from './noise.ts';
import { signalAll } from './processes.ts';

let bench: Workbench;
let first: S3Destination;
let second: S3Destination;
beforeEach(async () => {
  bench = await createWorkbench();
  first = await s3Destination('first');
  second = await s3Destination('second');
});
afterEach(async () => {
  await bench.close();
  await first.close();
  await second.close();
});

let file: string;

async function start(name: string, more: object = {}): Promise<TestChild> {
  const refs = [{ name: 'first' }, { name: 'second' }];
  file = await bench.manifest(
    ...first.manifests,
    ...second.manifests,
    recordingManifest(name, 'first', { ...smallTestCard, storage: { refs, fallbackAfter: '10s' }, ...more }),
  );
  const running = bench.start('run', '-f', file);
  await bench.until(name, recordedSeconds(6));
  return running;
}

const notice = (status: RecordingStatus, reason: string) =>
  status.notices?.find((each) => each.reason === reason);

/** All that was recorded is in one file of the second storage, and no gap was made. */
async function requireAllInSecond(status: RecordingStatus): Promise<number> {
  expect(status).toMatchObject({ phase: 'Uploaded', storage: { name: 'second' } });
  expect(status.outputs).toMatchObject([{ storage: 'second' }]);
  const [output] = status.outputs ?? [];
  if (output === undefined) throw new Error('no output');
  const { durationSeconds } = await requireOrdinaryMp4(await second.fetch(output));
  expect(Math.abs(account(status, durationSeconds).untold)).toBeLessThan(1.5);
  expect(await leftovers(bench, { destination: second, outputs: status.outputs })).toEqual([]);
  return durationSeconds;
}

it('takes the file along when the bucket stays away for longer than is said, and not before', async () => {
  const running = await start('away');
  await first.server.kill();
  const killedAt = Date.now();
  await sleep(5_000);
  const waits = await bench.status('away');
  expect(waits.storage?.name).toBe('first');
  expect(notice(waits, 'StorageAway')?.message).toMatch(/first: .*wait on scratch; recording goes on\.$/);
  // A report between the new journal and the notice names the storage first.
  const moved = await bench.until('away', (status) => notice(status, 'StorageMoved') !== undefined);
  expect(Date.now() - killedAt).toBeGreaterThan(9_000);
  expect(moved).toMatchObject({ phase: 'Recording', storage: { name: 'second' } });
  expect(notice(moved, 'StorageMoved')?.message).toMatch(
    /^At 2.* the file went from first to second, with all/,
  );
  await sleep(4_000);
  await bench.run(['stop', 'away']);
  expect(await running.exited).toBe(0);
  const status = await bench.status('away');
  expect(status.attempts).toHaveLength(1);
  expect(status.gaps).toBeUndefined();
  expect(await requireAllInSecond(status)).toBeGreaterThan(18);
});

it('takes the file along at once when the keys are taken back, and drops what it left', async () => {
  const running = await start('denied');
  await first.server.kill();
  await first.server.start('another-key');
  await bench.until('denied', (status) => status.storage?.name === 'second');
  await sleep(3_000);
  // With the keys back before the end, what the first bucket has of it is dropped.
  await first.server.kill();
  await first.server.start();
  await bench.run(['stop', 'denied']);
  expect(await running.exited).toBe(0);
  const status = await bench.status('denied');
  expect(status.attempts).toHaveLength(1);
  expect(status.gaps).toBeUndefined();
  await requireAllInSecond(status);
  expect(await first.contents()).toEqual([]);
  expect(notice(status, 'UploadLeft')).toBeUndefined();
});

it('moves at the end, when that is what the first bucket does not live to see', async () => {
  const running = await start('ending');
  await first.server.kill();
  await bench.run(['stop', 'ending']);
  expect(await running.exited).toBe(0);
  await requireAllInSecond(await bench.status('ending'));
});

it('begins the next file with the preferred bucket again', async () => {
  const running = await start('split', { splitEvery: '20s' });
  await first.server.kill();
  await first.server.start('another-key');
  await bench.until('split', (status) => status.storage?.name === 'second');
  await first.server.kill();
  await first.server.start();
  await bench.until('split', recordedSeconds(23), 60_000);
  await bench.run(['stop', 'split']);
  expect(await running.exited).toBe(0);
  const status = await bench.status('split');
  expect(status.outputs).toMatchObject([
    { storage: 'second', segment: 1 },
    { storage: 'first', segment: 2 },
  ]);
});

it('goes on where it is when the recorder is killed after a move', async () => {
  const running = await start('killed');
  await first.server.kill();
  await first.server.start('another-key');
  await bench.until('killed', (status) => status.storage?.name === 'second');
  await sleep(6_000);
  expect(await signalAll(bench.directory, ['Recorder'], 'SIGKILL')).toBe(1);
  await bench.until(
    'killed',
    (status) => status.attempts?.length === 2 && phaseIs('Recording')(status),
    60_000,
  );
  await sleep(3_000);
  await bench.run(['stop', 'killed']);
  expect(await running.exited).toBe(0);
  const status = await bench.status('killed');
  expect(status.gaps).toMatchObject([{ reason: 'Interrupted' }]);
  expect(seconds(status.gaps?.[0]?.duration)).toBeLessThan(15);
  await requireAllInSecond(status);
});

it('takes what a killed recorder left in the first bucket from scratch, when that refuses since', async () => {
  const running = await start('finished', { retries: 0 });
  await bench.until('finished', recordedSeconds(10));
  await first.server.kill();
  expect(await signalAll(bench.directory, ['Recorder'], 'SIGKILL')).toBe(1);
  await first.server.start('another-key');
  expect(await running.exited).toBe(0);
  const status = await bench.status('finished');
  expect(status).toMatchObject({ phase: 'Uploaded', outputs: [{ storage: 'second' }] });
  const [output] = status.outputs ?? [];
  if (output === undefined) throw new Error('no output');
  const { durationSeconds } = await requireOrdinaryMp4(await second.fetch(output));
  expect(durationSeconds).toBeGreaterThan(4);
});

it('begins a new file in the next bucket when scratch cannot hold the old one, which is delivered later', async () => {
  await bench.close();
  bench = await createWorkbench({ env: { TAPEDECK_SCRATCH_LIMIT: String(24 * 1024 * 1024) } });
  const broadcast = await broadcastNoise();
  try {
    const running = await start('cut', {
      source: undefined,
      video: undefined,
      ...streamSource(broadcast.url),
    });
    const grown = await bench.until('cut', (status) => notice(status, 'NotKept') !== undefined, 60_000);
    expect(notice(grown, 'NotKept')?.message).toMatch(
      /should first be lost now, a new file begins in the next/,
    );
    await first.server.kill();
    await first.server.start('another-key');
    await bench.until(
      'cut',
      (status) => status.attempts?.length === 2 && phaseIs('Recording')(status),
      60_000,
    );
    await sleep(3_000);
    await bench.run(['stop', 'cut']);
    expect(await running.exited).toBe(1);
    const status = await bench.status('cut');
    expect(status.conditions?.find(({ type }) => type === 'Stalled')).toMatchObject({
      status: 'True',
      reason: 'StorageUnauthenticated',
      message: expect.stringContaining('first lacks'),
    });
    expect(status.outputs).toMatchObject([{ storage: 'second' }]);
    await first.server.kill();
    await first.server.start();
    await bench.run(['run', '-f', file]);
    const delivered = await bench.status('cut');
    expect(delivered).toMatchObject({
      phase: 'Uploaded',
      gaps: [{ reason: 'Interrupted' }],
      outputs: [{ storage: 'first' }, { storage: 'second' }],
    });
    let total = 0;
    for (const output of delivered.outputs ?? []) {
      const place = output.storage === 'first' ? first : second;
      total += (await requireOrdinaryMp4(await place.fetch(output))).durationSeconds;
    }
    expect(Math.abs(account(delivered, total).untold)).toBeLessThan(2);
  } finally {
    await broadcast.stop();
  }
});
