import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordingStatus } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import {
  phaseIs,
  recordedSeconds,
  recordingManifest,
  s3StorageManifests,
  smallTestCard,
} from '../e2e/workbench.ts';
import { freePort } from '../servers/free-port.ts';
import { s3Destination } from './destination.ts';
import { leftovers } from './leftovers.ts';
import { processesOf } from './processes.ts';
import { stageEach } from './stage.ts';

const stage = stageEach(s3Destination);

const ready = (status: RecordingStatus) => status.conditions?.find(({ type }) => type === 'Ready');
const failed = (status: RecordingStatus) => status.conditions?.find(({ type }) => type === 'Failed');

describe('a storage that refuses at the start', () => {
  it.each([
    ['BucketNotFound', async () => ({ bucket: 'nowhere' })],
    ['StorageUnauthenticated', async () => ({ secretAccessKey: 'not-the-key' })],
    ['StorageUnreachable', async () => ({ endpoint: `http://127.0.0.1:${await freePort()}` })],
    ['WrongRegion', async () => ({ region: 'eu-west-3' })],
  ] as const)('is waited for, and named: %s', async (code, wrong) => {
    const file = await stage.bench.manifest(
      ...s3StorageManifests('place', { ...stage.destination.server, ...(await wrong()) }),
      recordingManifest('refused', 'place', smallTestCard),
    );
    const running = stage.bench.start('run', '-f', file);
    const status = await stage.bench.until('refused', (now) => ready(now)?.message.includes(code) ?? false);
    expect(status.phase).toBe('Pending');
    expect(ready(status)).toMatchObject({ status: 'False', reason: 'StorageNotReady' });
    expect(ready(status)?.message).not.toContain('not-the-key');
    // A person who gives up gets the same sentence, and nothing that goes on behind.
    running.process.kill('SIGINT');
    expect(await running.exited).toBe(130);
    const over = await stage.bench.status('refused');
    expect(over.phase).toBe('Failed');
    expect(failed(over)?.reason).toBe('NothingRecorded');
    expect(await leftovers(stage.bench, { destination: stage.destination, outputs: [] })).toEqual([]);
  });
});

describe('a storage that refuses in the middle', () => {
  async function refuse(name: string, how: () => Promise<void>): Promise<RecordingStatus> {
    const file = await stage.bench.manifest(
      ...stage.destination.manifests,
      recordingManifest(name, 'place', smallTestCard),
    );
    const running = stage.bench.start('run', '-f', file);
    await stage.bench.until(name, recordedSeconds(4));
    await how();
    const status = await stage.bench.until(name, phaseIs('Failed', 'Uploaded'), 60_000);
    expect(status.phase).toBe('Failed');
    expect(await running.exited).toBe(1);
    expect(status.conditions?.find(({ type }) => type === 'Stalled')?.status).toBe('True');
    expect(await processesOf(stage.bench.directory)).toEqual([]);
    return status;
  }

  it('ends the recording with its sentence when the keys are taken back, and keeps what was not delivered', async () => {
    const { server } = stage.destination;
    const status = await refuse('denied', async () => {
      await server.kill();
      await server.start('another-key');
    });
    expect(failed(status)?.reason).toBe('StorageUnauthenticated');
    expect(failed(status)?.message).toMatch(/^Not everything could be delivered: .*Not complete: .*kept in /);
    const left = await leftovers(stage.bench);
    expect(left.some((name) => /^scratch\/.*\.part$/.test(name))).toBe(true);
    // With the key back, the bucket shows what it showed before: no object.
    await server.kill();
    await server.start();
    expect((await stage.destination.contents()).filter((name) => !name.startsWith('upload of'))).toEqual([]);
  });

  it('ends the recording with its sentence when the bucket is deleted', async () => {
    const { directory, bucket } = stage.destination.server;
    const status = await refuse('deleted', () =>
      rm(join(directory, bucket), { recursive: true, force: true }),
    );
    expect(['BucketNotFound', 'UploadGone']).toContain(failed(status)?.reason);
  });
});
