import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordingStatus } from '@tapedeck/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createWorkbench,
  phaseIs,
  recordedSeconds,
  recordingManifest,
  smallTestCard,
  type Workbench,
} from '../e2e/workbench.ts';
import type { TestChild } from '../media/child.ts';
import { requireOrdinaryMp4 } from '../media/inspect.ts';
import { account, seconds } from './account.ts';
import { type Destination, localDestination, type S3Destination, s3Destination } from './destination.ts';
import { leftovers } from './leftovers.ts';
import { signalAll } from './processes.ts';

let bench: Workbench;
let places: { first: S3Destination; second: S3Destination; third: Destination };
beforeEach(async () => {
  bench = await createWorkbench();
  places = {
    first: await s3Destination('first'),
    second: await s3Destination('second'),
    third: await localDestination('third'),
  };
});
afterEach(async () => {
  await bench.close();
  for (const place of Object.values(places)) await place.close();
});

const names = ['first', 'second', 'third'] as const;
let file: string;

async function start(name: string, more: object = {}): Promise<TestChild> {
  file = await bench.manifest(
    ...Object.values(places).flatMap(({ manifests }) => manifests),
    recordingManifest(name, 'first', {
      ...smallTestCard,
      storage: { refs: names.map((name) => ({ name })), mode: 'Mirror' },
      ...more,
    }),
  );
  const running = bench.start('run', '-f', file);
  await bench.until(name, recordedSeconds(5));
  return running;
}

const condition = (status: RecordingStatus, type: string) =>
  status.conditions?.find((each) => each.type === type);

/** Every place has the whole recording, and nothing is left anywhere. */
async function requireEverywhere(status: RecordingStatus, files = 1): Promise<void> {
  expect(status).toMatchObject({ phase: 'Uploaded', storage: { name: 'first' } });
  expect(condition(status, 'Complete')?.message).toMatch(/ in each of first, second and third\.$/);
  for (const name of names) {
    const outputs = status.outputs?.filter(({ storage }) => storage === name) ?? [];
    expect(outputs).toHaveLength(files);
    let total = 0;
    for (const output of outputs) {
      const { durationSeconds } = await requireOrdinaryMp4(await places[name].fetch(output));
      total += durationSeconds;
    }
    expect(Math.abs(total - seconds(status.duration))).toBeLessThan(0.5);
    expect(Math.abs(account(status, total).untold)).toBeLessThan(1.5);
    expect(await leftovers(bench, { destination: places[name], outputs })).toEqual([]);
  }
}

it('puts the same into all of them, and counts it once', async () => {
  const running = await start('all', { splitEvery: '10s' });
  await bench.until('all', recordedSeconds(12));
  await bench.run(['stop', 'all']);
  expect(await running.exited).toBe(0);
  const status = await bench.status('all');
  await requireEverywhere(status, 2);
  const sums = new Set(status.outputs?.filter(({ segment }) => segment === 1).map(({ crc32 }) => crc32));
  expect(sums.size).toBe(1);
  const bytes = (status.outputs ?? [])
    .filter(({ storage }) => storage === 'first')
    .reduce((sum, output) => sum + output.bytes, 0);
  expect(status.progress).toMatchObject({ bytesRecorded: bytes, bytesUploaded: bytes });
});

it('goes on while one is away, over splits, and brings it up to date when it is back', async () => {
  const running = await start('away', { splitEvery: '10s' });
  await places.second.server.kill();
  // The others are complete as far as they go.
  const status = await bench.until(
    'away',
    (now) => recordedSeconds(22)(now) && (now.outputs ?? []).some(({ storage }) => storage === 'first'),
  );
  expect(status.phase).toBe('Recording');
  expect(status.notices?.map(({ message }) => message).join()).toMatch(
    /second: .*wait on scratch; recording goes on/,
  );
  await places.second.server.start();
  await sleep(8_000);
  await bench.run(['stop', 'away']);
  expect(await running.exited).toBe(0);
  const after = await bench.status('away');
  expect(after.gaps).toBeUndefined();
  await requireEverywhere(after, Math.ceil(seconds(after.duration) / 10));
});

it('completes the others when one refuses, says what is missing where, and delivers that later', async () => {
  const running = await start('denied');
  await places.second.server.kill();
  await places.second.server.start('another-key');
  await bench.until('denied', recordedSeconds(12));
  await bench.run(['stop', 'denied']);
  expect(await running.exited).toBe(1);
  const status = await bench.status('denied');
  expect(status.phase).toBe('Uploading');
  expect(condition(status, 'Stalled')).toMatchObject({
    status: 'True',
    reason: 'StorageUnauthenticated',
    message: expect.stringMatching(/^Since 2.*, second lacks \d+ bytes of .*\.mp4: .*given up at 2/),
  });
  expect(status.outputs?.map(({ storage }) => storage)).toEqual(['first', 'third']);
  await places.second.server.kill();
  await places.second.server.start();
  await bench.run(['run', '-f', file]);
  await requireEverywhere(await bench.status('denied'));
});

it('keeps a copy on scratch for one that refused from the beginning', async () => {
  await places.second.server.kill();
  await places.second.server.start('another-key');
  const running = await start('unready');
  await bench.run(['stop', 'unready']);
  expect(await running.exited).toBe(1);
  await places.second.server.kill();
  await places.second.server.start();
  await bench.run(['run', '-f', file]);
  const status = await bench.status('unready');
  await requireEverywhere(status);
});

it('joins each copy when the recorder is killed', async () => {
  const running = await start('killed');
  expect(await signalAll(bench.directory, ['Recorder'], 'SIGKILL')).toBe(1);
  await bench.until(
    'killed',
    (status) => status.attempts?.length === 2 && phaseIs('Recording')(status),
    60_000,
  );
  await sleep(4_000);
  await bench.run(['stop', 'killed']);
  expect(await running.exited).toBe(0);
  const status = await bench.status('killed');
  expect(status.gaps).toMatchObject([{ reason: 'Interrupted' }]);
  await requireEverywhere(status);
});

it('deletes all copies with the resource where that was asked for', async () => {
  const running = await start('deleted', { deletionPolicy: 'Delete' });
  await bench.run(['stop', 'deleted']);
  expect(await running.exited).toBe(0);
  const dev = bench.start('dev');
  const again = await bench.manifest(...Object.values(places).flatMap(({ manifests }) => manifests));
  await bench.run(['apply', '-f', again]);
  await bench.run(['delete', 'recording', 'deleted']);
  for (const place of Object.values(places)) expect(await place.contents()).toEqual([]);
  dev.process.kill('SIGINT');
  await dev.exited;
});
