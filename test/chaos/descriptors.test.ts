import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { phaseIs, recordedSeconds, recordingManifest, smallTestCard } from '../e2e/workbench.ts';
import { requireOrdinaryMp4 } from '../media/inspect.ts';
import { s3Destination } from './destination.ts';
import { leftovers } from './leftovers.ts';
import { processesOf, type Role, signalAll } from './processes.ts';
import { stageEach } from './stage.ts';

/** Connections come and go: a socket to the storage, one to control, a file that is being replaced. */
const slack = 4;
const rounds = 3;

const stage = stageEach(s3Destination);

/** Open descriptors of the one process of that role: the fewest of some looks, which leaves out what only passes. */
async function descriptors(role: Role): Promise<number> {
  const found = (await processesOf(stage.bench.directory)).find((each) => each.role === role);
  if (found === undefined) throw new Error(`there is no ${role}`);
  let fewest = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 10; look += 1) {
    fewest = Math.min(fewest, (await readdir(`/proc/${found.pid}/fd`)).length);
    await sleep(100);
  }
  return fewest;
}

it('holds no more descriptors after pauses, lost encoders and a storage that was away than before', async () => {
  const file = await stage.bench.manifest(
    ...stage.destination.manifests,
    recordingManifest('long', 'place', smallTestCard),
  );
  const running = stage.bench.start('run', '-f', file);
  await stage.bench.until('long', recordedSeconds(4));
  const before = { recorder: await descriptors('Recorder'), control: await descriptors('Control') };
  for (let round = 1; round <= rounds; round += 1) {
    await stage.bench.run(['pause', 'long']);
    await stage.bench.until('long', phaseIs('Paused'));
    await stage.bench.run(['resume', 'long']);
    await stage.bench.until('long', phaseIs('Recording'));
    expect(await signalAll(stage.bench.directory, ['Encoder'], 'SIGKILL')).toBe(1);
    await stage.destination.server.kill();
    await sleep(2_000);
    await stage.destination.server.start();
    await stage.bench.until('long', ({ gaps }) => gaps?.length === round);
  }
  await stage.bench.until('long', ({ notices }) => notices === undefined);
  // What is on its way when it is looked at goes; what leaks stays.
  const settles = { timeout: 60_000, interval: 100 };
  await expect.poll(() => descriptors('Recorder'), settles).toBeLessThanOrEqual(before.recorder + slack);
  await expect.poll(() => descriptors('Control'), settles).toBeLessThanOrEqual(before.control + slack);
  await stage.bench.run(['stop', 'long']);
  expect(await running.exited).toBe(0);
  const status = await stage.bench.status('long');
  expect(status.pauses).toHaveLength(rounds);
  for (const output of status.outputs ?? []) await requireOrdinaryMp4(await stage.destination.fetch(output));
  expect(await leftovers(stage.bench, { destination: stage.destination, outputs: status.outputs })).toEqual(
    [],
  );
});
