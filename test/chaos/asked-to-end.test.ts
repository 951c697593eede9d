import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { phaseIs, recordedSeconds, recordingManifest, smallTestCard } from '../e2e/workbench.ts';
import type { TestChild } from '../media/child.ts';
import { requireOrdinaryMp4 } from '../media/inspect.ts';
import { account, mostUntoldSeconds, seconds } from './account.ts';
import { s3Destination } from './destination.ts';
import { leftovers } from './leftovers.ts';
import { processesOf } from './processes.ts';
import { stageEach } from './stage.ts';

/** What a node that is drained gives, and what is promised. */
const graceMs = 15_000;
/**
 * The newest picture that is kept may be so much older than the signal: the fragment that was on its way, on two cores that
 * do much else.
 */
const mostLostSeconds = 1.5;

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

/** SIGTERM to the one recorder; gives the milliseconds until it was gone. */
async function evict(): Promise<number> {
  const recorder = (await processesOf(stage.bench.directory)).find(({ role }) => role === 'Recorder');
  if (recorder === undefined) throw new Error('no recorder');
  process.kill(recorder.pid, 'SIGTERM');
  const since = Date.now();
  while ((await processesOf(stage.bench.directory)).some(({ pid }) => pid === recorder.pid)) {
    if (Date.now() - since > 2 * graceMs) throw new Error('it does not end');
    await sleep(50);
  }
  return Date.now() - since;
}

async function requireJoined(name: string): Promise<void> {
  const status = await stage.bench.status(name);
  expect(status).toMatchObject({ phase: 'Uploaded', stopReason: 'Requested' });
  expect(status.outputs).toHaveLength(1);
  expect(status.gaps).toMatchObject([{ reason: 'Interrupted' }]);
  const [output] = status.outputs ?? [];
  if (output === undefined) throw new Error('no output');
  const { durationSeconds } = await requireOrdinaryMp4(await stage.destination.fetch(output));
  expect(Math.abs(account(status, durationSeconds).untold)).toBeLessThan(mostUntoldSeconds);
  expect(await leftovers(stage.bench, { destination: stage.destination, outputs: status.outputs })).toEqual(
    [],
  );
}

it('SIGTERM to the recorder: its file is complete within the grace, and the next attempt goes on', async () => {
  const running = await start('evicted');
  const askedAt = Date.now();
  expect(await evict()).toBeLessThan(graceMs);
  const again = await stage.bench.until(
    'evicted',
    (status) => status.attempts?.length === 2 && phaseIs('Recording')(status),
  );
  expect(again.attempts?.[0]?.reason).toBe('Interrupted');
  expect(again.outputs).toHaveLength(1);
  const [gap] = again.gaps ?? [];
  // What came before the signal is in the file.
  const lost = (askedAt - Date.parse(again.startTime ?? '')) / 1000 - seconds(gap?.start);
  expect(lost).toBeLessThan(mostLostSeconds);
  await sleep(2_000);
  await stage.bench.run(['stop', 'evicted']);
  expect(await running.exited).toBe(0);
  await requireJoined('evicted');
});

it('SIGTERM while the bucket is away: it ends in time, and what it had is delivered by the next attempt', async () => {
  const running = await start('homeless');
  await stage.destination.server.kill();
  await sleep(3_000);
  expect(await evict()).toBeLessThan(graceMs);
  await stage.destination.server.start();
  await stage.bench.until(
    'homeless',
    (status) => (status.attempts?.length ?? 0) >= 2 && phaseIs('Recording')(status),
    60_000,
  );
  await sleep(2_000);
  await stage.bench.run(['stop', 'homeless']);
  expect(await running.exited).toBe(0);
  await requireJoined('homeless');
});

it.each([
  ['Ctrl-C', 'SIGINT'],
  ['a closed terminal', 'SIGHUP'],
] as const)('%s on `tapedeck run`: the recording is completed first', async (_, signal) => {
  const running = await start('interrupted');
  running.process.kill(signal);
  expect(await running.exited).toBe(130);
  const status = await stage.bench.status('interrupted');
  expect(status).toMatchObject({ phase: 'Uploaded', stopReason: 'Requested' });
  const [output] = status.outputs ?? [];
  if (output === undefined) throw new Error('no output');
  await requireOrdinaryMp4(await stage.destination.fetch(output));
  expect(await leftovers(stage.bench, { destination: stage.destination, outputs: status.outputs })).toEqual(
    [],
  );
});
