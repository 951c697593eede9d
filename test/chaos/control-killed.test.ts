import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordingStatus } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { phaseIs, recordedSeconds, recordingManifest, smallTestCard } from '../e2e/workbench.ts';
import { type MediaFacts, requireOrdinaryMp4 } from '../media/inspect.ts';
import { account, mostUntoldSeconds } from './account.ts';
import { s3Destination } from './destination.ts';
import { leftovers } from './leftovers.ts';
import { everyRole, processesOf, signalAll, untilGone } from './processes.ts';
import { stageEach } from './stage.ts';

const stage = stageEach(s3Destination);

async function start(name: string, more: object = {}): Promise<string> {
  const file = await stage.bench.manifest(
    ...stage.destination.manifests,
    recordingManifest(name, 'place', { ...smallTestCard, ...more }),
  );
  stage.bench.start('run', '-f', file);
  await stage.bench.until(name, recordedSeconds(4));
  return file;
}

const killControl = () => signalAll(stage.bench.directory, ['Control'], 'SIGKILL');

async function recorders(): Promise<number[]> {
  return (await processesOf(stage.bench.directory)).flatMap(({ role, pid }) =>
    role === 'Recorder' ? [pid] : [],
  );
}

async function requireOneFile(
  status: RecordingStatus,
  stopReason: RecordingStatus['stopReason'] = 'Requested',
): Promise<MediaFacts> {
  expect(status).toMatchObject({ phase: 'Uploaded', stopReason });
  expect(status.outputs).toHaveLength(1);
  const [output] = status.outputs ?? [];
  if (output === undefined) throw new Error('no output');
  const facts = await requireOrdinaryMp4(await stage.destination.fetch(output));
  expect(Math.abs(account(status, facts.durationSeconds).untold)).toBeLessThan(mostUntoldSeconds);
  return facts;
}

/** With the Secrets in the file, and without them: whoever takes over may know only the data directory. */
const successors = {
  'run -f of the same file': (file: string) => stage.bench.start('run', '-f', file),
  dev: () => stage.bench.start('dev'),
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
    await stage.bench.until('adopted', recordedSeconds(9));
    expect(await recorders()).toEqual(before);
    await stage.bench.run(['stop', 'adopted']);
    const status = await stage.bench.until('adopted', phaseIs('Uploaded', 'Failed'));
    expect(status.attempts).toHaveLength(1);
    expect(status.gaps).toBeUndefined();
    const facts = await requireOneFile(status);
    expect(facts.durationSeconds).toBeGreaterThan(8);
    if (successor === 'dev') await next.stop();
    else expect(await next.exited).toBe(0);
    expect(await leftovers(stage.bench, { destination: stage.destination, outputs: status.outputs })).toEqual(
      [],
    );
  },
);

it('ends by itself while nobody listens; the next control process finds its last word', async () => {
  await start('alone', { stopWhen: { elapsed: '8s' } });
  expect(await killControl()).toBe(1);
  await untilGone(stage.bench.directory, ['Recorder', 'Encoder'], 60_000);
  expect((await stage.bench.status('alone')).phase).toBe('Recording');
  const next = stage.bench.start('dev');
  const status = await stage.bench.until('alone', phaseIs('Uploaded', 'Failed'));
  expect(status.attempts).toMatchObject([{ number: 1, reason: 'Complete' }]);
  const facts = await requireOneFile(status, 'Elapsed');
  expect(Math.abs(facts.durationSeconds - 8)).toBeLessThan(0.2);
  await next.stop();
  expect(await leftovers(stage.bench, { destination: stage.destination, outputs: status.outputs })).toEqual(
    [],
  );
});

it('goes on in a next attempt when recorder and control were killed together', async () => {
  const file = await start('both');
  await sleep(3_000);
  expect(await signalAll(stage.bench.directory, ['Control', 'Recorder'], 'SIGKILL')).toBe(2);
  await untilGone(stage.bench.directory, everyRole, 15_000);
  const next = stage.bench.start('run', '-f', file);
  const recording = await stage.bench.until(
    'both',
    (status) => status.attempts?.length === 2 && phaseIs('Recording')(status),
  );
  expect(recording.attempts?.[0]?.reason).toBe('Killed');
  await sleep(3_000);
  await stage.bench.run(['stop', 'both']);
  expect(await next.exited).toBe(0);
  const status = await stage.bench.status('both');
  expect(status.gaps).toMatchObject([{ reason: 'Interrupted' }]);
  await requireOneFile(status);
  expect(await leftovers(stage.bench, { destination: stage.destination, outputs: status.outputs })).toEqual(
    [],
  );
});
