import { setTimeout as sleep } from 'node:timers/promises';
import type { ExternalStorage, RecordingStatus } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { phaseIs, recordedSeconds, recordingManifest, smallTestCard } from '../e2e/workbench.ts';
import type { TestChild } from '../media/child.ts';
import { requireOrdinaryMp4 } from '../media/inspect.ts';
import { account, mostUntoldSeconds, seconds } from './account.ts';
import { s3Destination } from './destination.ts';
import { leftovers } from './leftovers.ts';
import { signalAll } from './processes.ts';
import { stageEach } from './stage.ts';

/** What lag there is while all is well: the default durability and a look. */
const usualLag = 6;

const stage = stageEach(s3Destination);

async function start(name: string): Promise<TestChild> {
  const file = await stage.bench.manifest(
    ...stage.destination.manifests,
    recordingManifest(name, 'place', smallTestCard),
  );
  const running = stage.bench.start('run', '-f', file);
  await stage.bench.until(name, recordedSeconds(4));
  return running;
}

const hasNotice =
  (reason: string) =>
  ({ notices }: RecordingStatus): boolean =>
    notices?.some((notice) => notice.reason === reason) ?? false;

/** What `get xs` says of it. */
async function ready(): Promise<string> {
  const { status } = JSON.parse(
    await stage.bench.run(['get', 'xs', 'place', '-o', 'json']),
  ) as ExternalStorage;
  const condition = status?.conditions?.find(({ type }) => type === 'Ready');
  return `${condition?.status} ${condition?.reason}`;
}

async function requireAll(status: RecordingStatus): Promise<number> {
  expect(status).toMatchObject({ phase: 'Uploaded', stopReason: 'Requested' });
  expect(status.outputs).toHaveLength(1);
  const [output] = status.outputs ?? [];
  if (output === undefined) throw new Error('no output');
  const { durationSeconds } = await requireOrdinaryMp4(await stage.destination.fetch(output));
  expect(Math.abs(account(status, durationSeconds).untold)).toBeLessThan(mostUntoldSeconds);
  expect(await leftovers(stage.bench, { destination: stage.destination, outputs: status.outputs })).toEqual(
    [],
  );
  return durationSeconds;
}

it('loses nothing when the bucket is away for 20 s, says so, and catches up', async () => {
  const running = await start('away');
  await stage.destination.server.kill();
  const away = await stage.bench.until('away', hasNotice('StorageAway'));
  expect(away.phase).toBe('Recording');
  const [notice] = away.notices ?? [];
  expect(notice?.message).toMatch(/^Since 2.*bytes wait on scratch; recording goes on\.$/);
  // Whoever looks at the storage is told the same, long before its next check.
  await expect.poll(ready, { timeout: 60_000, interval: 500 }).toBe('False StorageUnreachable');
  await sleep(20_000);
  const late = await stage.bench.status('away');
  expect(seconds(late.progress?.lag)).toBeGreaterThan(15);
  expect(seconds(late.duration)).toBeGreaterThan(seconds(away.duration) + 15);
  await stage.destination.server.start();
  await stage.bench.until(
    'away',
    (status) => seconds(status.progress?.lag) < usualLag && !hasNotice('StorageAway')(status),
  );
  await expect.poll(ready, { timeout: 60_000, interval: 500 }).toBe('True Ready');
  await sleep(2_000);
  await stage.bench.run(['stop', 'away']);
  expect(await running.exited).toBe(0);
  const status = await stage.bench.status('away');
  expect(status.attempts).toHaveLength(1);
  expect(status.gaps).toBeUndefined();
  expect(await requireAll(status)).toBeGreaterThan(24);
});

it('is completed once the bucket is back, when that goes right at the stop', async () => {
  const running = await start('late');
  await stage.destination.server.kill();
  await stage.bench.run(['stop', 'late']);
  const waiting = await stage.bench.until('late', phaseIs('Uploading'));
  expect(waiting.outputs ?? []).toEqual([]);
  await sleep(8_000);
  await stage.destination.server.start();
  const backAt = Date.now();
  expect(await running.exited).toBe(0);
  expect(Date.now() - backAt).toBeLessThan(30_000);
  const status = await stage.bench.status('late');
  expect(status.gaps).toBeUndefined();
  await requireAll(status);
});

it('delivers what was spooled, when the recorder is killed while the bucket is away', async () => {
  const running = await start('spooled');
  await stage.destination.server.kill();
  await stage.bench.until('spooled', recordedSeconds(16));
  const killedAt = Date.now();
  expect(await signalAll(stage.bench.directory, ['Recorder'], 'SIGKILL')).toBe(1);
  await sleep(5_000);
  await stage.destination.server.start();
  await stage.bench.until('spooled', phaseIs('Recording'), 60_000);
  await sleep(3_000);
  await stage.bench.run(['stop', 'spooled']);
  expect(await running.exited).toBe(0);
  const status = await stage.bench.status('spooled');
  expect(status.gaps?.every(({ reason }) => reason === 'Interrupted')).toBe(true);
  const lost = (killedAt - Date.parse(status.startTime ?? '')) / 1000 - seconds(status.gaps?.[0]?.start);
  expect(lost).toBeLessThanOrEqual(8);
  await requireAll(status);
});
