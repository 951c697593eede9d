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
import { type MediaFacts, requireOrdinaryMp4 } from '../media/inspect.ts';
import { account } from './account.ts';
import { type Destination, s3Destination } from './destination.ts';
import { leftovers } from './leftovers.ts';
import { processesOf, signalAll, untilGone } from './processes.ts';

let bench: Workbench;
let destination: Destination;
beforeEach(async () => {
  bench = await createWorkbench();
  destination = await s3Destination();
});
afterEach(async () => {
  await bench.close();
  await destination.close();
});

async function start(name: string, more: object = {}): Promise<string> {
  const file = await bench.manifest(
    ...destination.manifests,
    recordingManifest(name, 'place', { ...smallTestCard, ...more }),
  );
  bench.start('run', '-f', file);
  await bench.until(name, recordedSeconds(4));
  return file;
}

const killControl = () => signalAll(bench.directory, ['Control'], 'SIGKILL');

async function recorders(): Promise<number[]> {
  return (await processesOf(bench.directory)).flatMap(({ role, pid }) => (role === 'Recorder' ? [pid] : []));
}

async function requireOneFile(status: RecordingStatus): Promise<MediaFacts> {
  expect(status).toMatchObject({ phase: 'Uploaded', stopReason: 'Requested' });
  expect(status.outputs).toHaveLength(1);
  const [output] = status.outputs ?? [];
  if (output === undefined) throw new Error('no output');
  const facts = await requireOrdinaryMp4(await destination.fetch(output));
  expect(Math.abs(account(status, facts.durationSeconds).untold)).toBeLessThan(1);
  return facts;
}

/** With the Secrets in the file, and without them: whoever takes over may know only the data directory. */
const successors = {
  'run -f of the same file': (file: string) => bench.start('run', '-f', file),
  dev: () => bench.start('dev'),
} as const;

it.each(Object.keys(successors) as (keyof typeof successors)[])(
  'goes on without control, is adopted by `%s`, and can be stopped',
  async (successor) => {
    const file = await start('adopted');
    const before = await recorders();
    expect(await killControl()).toBe(1);
    await sleep(4_000);
    expect(await recorders()).toEqual(before);
    const next = successors[successor](file);
    await bench.until('adopted', recordedSeconds(9));
    expect(await recorders()).toEqual(before);
    await bench.run(['stop', 'adopted']);
    const status = await bench.until('adopted', phaseIs('Uploaded', 'Failed'));
    expect(status.attempts).toHaveLength(1);
    expect(status.gaps).toBeUndefined();
    const facts = await requireOneFile(status);
    expect(facts.durationSeconds).toBeGreaterThan(8);
    if (successor === 'dev') await next.stop();
    else expect(await next.exited).toBe(0);
    expect(await leftovers(bench, { destination, outputs: status.outputs })).toEqual([]);
  },
);

it('ends by itself while nobody listens; the next control process finds its last word', async () => {
  await start('alone', { stopWhen: { elapsed: '8s' } });
  expect(await killControl()).toBe(1);
  await untilGone(bench.directory, ['Recorder', 'Encoder'], 20_000);
  expect((await bench.status('alone')).phase).toBe('Recording');
  const next = bench.start('dev');
  const status = await bench.until('alone', phaseIs('Uploaded', 'Failed'));
  expect(status.attempts).toMatchObject([{ number: 1, reason: 'Complete' }]);
  const facts = await requireOneFile(status);
  expect(Math.abs(facts.durationSeconds - 8)).toBeLessThan(0.2);
  await next.stop();
  expect(await leftovers(bench, { destination, outputs: status.outputs })).toEqual([]);
});

it('goes on in a next attempt when recorder and control were killed together', async () => {
  const file = await start('both');
  await sleep(3_000);
  expect(await signalAll(bench.directory, ['Control', 'Recorder'], 'SIGKILL')).toBe(2);
  await sleep(2_000);
  expect(await processesOf(bench.directory)).toEqual([]);
  const next = bench.start('run', '-f', file);
  const recording = await bench.until(
    'both',
    (status) => status.attempts?.length === 2 && phaseIs('Recording')(status),
  );
  expect(recording.attempts?.[0]?.reason).toBe('Killed');
  await sleep(3_000);
  await bench.run(['stop', 'both']);
  expect(await next.exited).toBe(0);
  const status = await bench.status('both');
  expect(status.gaps).toMatchObject([{ reason: 'Interrupted' }]);
  await requireOneFile(status);
  expect(await leftovers(bench, { destination, outputs: status.outputs })).toEqual([]);
});
