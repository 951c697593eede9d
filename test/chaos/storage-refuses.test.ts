import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordingStatus } from '@tapedeck/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createWorkbench,
  recordedSeconds,
  recordingManifest,
  s3StorageManifests,
  smallTestCard,
  type Workbench,
} from '../e2e/workbench.ts';
import { requireOrdinaryMp4 } from '../media/inspect.ts';
import { freePort } from '../servers/free-port.ts';
import { account } from './account.ts';
import { type S3Destination, s3Destination } from './destination.ts';
import { leftovers } from './leftovers.ts';
import { everyRole, untilGone } from './processes.ts';

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

const ready = (status: RecordingStatus) => status.conditions?.find(({ type }) => type === 'Ready');
const stalled = (status: RecordingStatus) => status.conditions?.find(({ type }) => type === 'Stalled');
const isStalled = (status: RecordingStatus) => stalled(status)?.status === 'True';
const failed = (status: RecordingStatus) => status.conditions?.find(({ type }) => type === 'Failed');

describe('a storage that refuses at the start', () => {
  it.each([
    ['BucketNotFound', async () => ({ bucket: 'nowhere' })],
    ['StorageUnauthenticated', async () => ({ secretAccessKey: 'not-the-key' })],
    ['StorageUnreachable', async () => ({ endpoint: `http://127.0.0.1:${await freePort()}` })],
    ['WrongRegion', async () => ({ region: 'eu-west-3' })],
  ] as const)('is waited for, and named: %s', async (code, wrong) => {
    const file = await bench.manifest(
      ...s3StorageManifests('place', { ...destination.server, ...(await wrong()) }),
      recordingManifest('refused', 'place', smallTestCard),
    );
    const running = bench.start('run', '-f', file);
    const status = await bench.until('refused', (now) => ready(now)?.message.includes(code) ?? false);
    expect(status.phase).toBe('Pending');
    expect(ready(status)).toMatchObject({ status: 'False', reason: 'StorageNotReady' });
    expect(ready(status)?.message).not.toContain('not-the-key');
    // A person who gives up gets the same sentence, and nothing that goes on behind.
    running.process.kill('SIGINT');
    expect(await running.exited).toBe(130);
    const over = await bench.status('refused');
    expect(over.phase).toBe('Failed');
    expect(failed(over)?.reason).toBe('NothingRecorded');
    expect(await leftovers(bench, { destination, outputs: [] })).toEqual([]);
  });
});

describe('a storage that refuses in the middle', () => {
  let file: string;

  /** Gives the status that is left when the command has ended. */
  async function refuse(name: string, how: () => Promise<void>): Promise<RecordingStatus> {
    file = await bench.manifest(...destination.manifests, recordingManifest(name, 'place', smallTestCard));
    const running = bench.start('run', '-f', file);
    await bench.until(name, recordedSeconds(4));
    await how();
    await bench.until(name, isStalled, 60_000);
    expect(await running.exited).toBe(1);
    expect(running.output()).toContain('delivers it when the storage takes it again');
    const status = await bench.status(name);
    expect(status.phase).toBe('Uploading');
    expect(stalled(status)?.status).toBe('True');
    await untilGone(bench.directory, everyRole, 15_000);
    return status;
  }

  it('keeps what was not delivered when the keys are taken back, says so, and delivers it once they are given again', async () => {
    const { server } = destination;
    const status = await refuse('denied', async () => {
      await server.kill();
      await server.start('another-key');
    });
    expect(stalled(status)?.reason).toBe('StorageUnauthenticated');
    expect(stalled(status)?.message).toMatch(
      /^Since 2.*, place lacks \d+ bytes of .*\.mp4: .*kept in .*\. Put right .* tried again at 2.*given up at 2/,
    );
    const left = await leftovers(bench);
    expect(left.some((name) => /^scratch\/.*\.part$/.test(name))).toBe(true);
    // Still without the key: it says the same again, and ends.
    const again = bench.start('run', '-f', file);
    expect(await again.exited).toBe(1);
    // With the key back, the bucket shows what it showed before: no object.
    await server.kill();
    await server.start();
    expect((await destination.contents()).filter((name) => !name.startsWith('upload of'))).toEqual([]);
    await bench.run(['run', '-f', file]);
    const delivered = await bench.status('denied');
    expect(delivered).toMatchObject({ phase: 'Uploaded', stopReason: 'InternalError' });
    expect(stalled(delivered)?.status).toBe('False');
    const [output] = delivered.outputs ?? [];
    if (output === undefined) throw new Error('no output');
    const { durationSeconds } = await requireOrdinaryMp4(await destination.fetch(output));
    expect(Math.abs(account(delivered, durationSeconds).untold)).toBeLessThan(1.5);
    expect(await leftovers(bench, { destination, outputs: delivered.outputs })).toEqual([]);
  });

  it('can be stopped and deleted while its delivery waits', async () => {
    const { server } = destination;
    await refuse('given-up', async () => {
      await server.kill();
      await server.start('another-key');
    });
    await bench.run(['stop', 'given-up']);
    const dev = await bench.startControl();
    await bench.run(['delete', 'recording', 'given-up', '--ignore-not-found']);
    dev.process.kill('SIGINT');
    await dev.exited;
    expect(await bench.status('given-up')).toEqual({});
  });

  it('ends the recording with its sentence when the bucket is deleted', async () => {
    const { directory, bucket } = destination.server;
    const status = await refuse('deleted', () =>
      rm(join(directory, bucket), { recursive: true, force: true }),
    );
    expect(['BucketNotFound', 'UploadGone']).toContain(stalled(status)?.reason);
  });
});
