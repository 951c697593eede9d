import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createWorkbench,
  phaseIs,
  recordedSeconds,
  recordingManifest,
  smallTestCard,
  type Workbench,
} from '../e2e/workbench.ts';
import { requireOrdinaryMp4 } from '../media/inspect.ts';
import { type S3Destination, s3Destination } from './destination.ts';
import { leftovers } from './leftovers.ts';
import { signalAll } from './processes.ts';

let bench: Workbench;
let destination: S3Destination;
beforeEach(async () => {
  bench = await createWorkbench();
  destination = await s3Destination();
});
afterEach(async () => {
  await bench.close();
  await destination.close();
});

async function stopAndKill(name: string, recorded: number, spec: object = {}) {
  const file = await bench.manifest(
    ...destination.manifests,
    recordingManifest(name, 'place', { ...smallTestCard, ...spec }),
  );
  const running = bench.start('run', '-f', file);
  await bench.until(name, recordedSeconds(recorded));
  // Both gone, so that the stop is known before the next attempt could start.
  expect(await signalAll(bench.directory, ['Control', 'Recorder'], 'SIGKILL')).toBe(2);
  await running.exited;
  await bench.run(['stop', name]);
  bench.start('run', '-f', file);
  await bench.run(['stop', name]);
  return await bench.until(name, phaseIs('Uploaded', 'Failed'), 60_000);
}

it('ends a recording that was stopped and killed before any of it was sent, and says so', async () => {
  const status = await stopAndKill('nothing', 1, { durability: '1m' });
  expect(status.phase).toBe('Failed');
  expect(status.conditions?.find(({ type }) => type === 'Failed')?.reason).toBe('NothingRecorded');
  expect(status.outputs ?? []).toEqual([]);
  expect(
    (await leftovers(bench, { destination, outputs: [] })).filter((each) => !each.includes('process')),
  ).toEqual([]);
});

it('gives what no attempt could finish its index too, when none follows', async () => {
  const status = await stopAndKill('single', 7);
  expect(status).toMatchObject({ phase: 'Uploaded', stopReason: 'Requested' });
  expect(status.outputs).toHaveLength(1);
  const [output] = status.outputs ?? [];
  if (output === undefined) throw new Error('no output');
  await requireOrdinaryMp4(await destination.fetch(output));
});
