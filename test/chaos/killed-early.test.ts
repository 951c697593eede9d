import type { RecordingStatus } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { phaseIs, recordedSeconds, recordingManifest, smallTestCard } from '../e2e/workbench.ts';
import { requireOrdinaryMp4 } from '../media/inspect.ts';
import { s3Destination } from './destination.ts';
import { leftovers } from './leftovers.ts';
import { signalAll } from './processes.ts';
import { stageEach } from './stage.ts';

const stage = stageEach(s3Destination);

const sent = ({ progress }: RecordingStatus): boolean => (progress?.bytesUploaded ?? 0) > 0;

async function stopAndKill(name: string, isReached: (status: RecordingStatus) => boolean, spec: object = {}) {
  const file = await stage.bench.manifest(
    ...stage.destination.manifests,
    recordingManifest(name, 'place', { ...smallTestCard, ...spec }),
  );
  const running = stage.bench.start('run', '-f', file);
  await stage.bench.until(name, isReached);
  // Both gone, so that the stop is known before the next attempt could start.
  expect(await signalAll(stage.bench.directory, ['Control', 'Recorder'], 'SIGKILL')).toBe(2);
  await running.exited;
  await stage.bench.run(['stop', name]);
  stage.bench.start('run', '-f', file);
  await stage.bench.run(['stop', name]);
  return await stage.bench.until(name, phaseIs('Uploaded', 'Failed'), 60_000);
}

it('ends a recording that was stopped and killed before any of it was sent, and says so', async () => {
  const status = await stopAndKill('nothing', recordedSeconds(1), { durability: '1m' });
  expect(status.phase).toBe('Failed');
  expect(status.conditions?.find(({ type }) => type === 'Failed')?.reason).toBe('NothingRecorded');
  expect(status.outputs ?? []).toEqual([]);
  expect(
    (await leftovers(stage.bench, { destination: stage.destination, outputs: [] })).filter(
      (each) => !each.includes('process'),
    ),
  ).toEqual([]);
});

it('gives what no attempt could finish its index too, when none follows', async () => {
  const status = await stopAndKill('single', sent);
  expect(status).toMatchObject({ phase: 'Uploaded', stopReason: 'Requested' });
  expect(status.outputs).toHaveLength(1);
  const [output] = status.outputs ?? [];
  if (output === undefined) throw new Error('no output');
  await requireOrdinaryMp4(await stage.destination.fetch(output));
});
