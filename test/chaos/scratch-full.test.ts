import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordingStatus } from '@tapedeck/core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  createWorkbench,
  phaseIs,
  recordedSeconds,
  recordingManifest,
  streamSource,
  type Workbench,
  type WorkbenchOptions,
} from '../e2e/workbench.ts';
import type { Broadcast } from '../media/broadcast.ts';
import { requireOrdinaryMp4 } from '../media/inspect.ts';
import { account } from './account.ts';
import { type S3Destination, s3Destination } from './destination.ts';
import { leftovers } from './leftovers.ts';
import { broadcastNoise } from './noise.ts';
import { everyRole, signalAll } from './processes.ts';

/** Some seconds of the broadcast beyond what memory holds. */
const scratchBytes = 12 * 1024 * 1024;
/** Likewise, with local mode's own state. */
const diskBytes = 40 * 1024 * 1024;

let broadcast: Broadcast;
beforeAll(async () => {
  broadcast = await broadcastNoise();
});
afterAll(async () => {
  await broadcast?.stop();
});

let destination: S3Destination;
let bench: Workbench;
const cleanups: (() => void)[] = [];
beforeEach(async () => {
  destination = await s3Destination();
});
afterEach(async () => {
  await signalAll(bench.directory, everyRole, 'SIGKILL');
  for (const cleanup of cleanups.splice(0)) cleanup();
  await bench.close();
  await destination.close();
});

const hasNotice =
  (reason: string) =>
  ({ notices }: RecordingStatus): boolean =>
    notices?.some((notice) => notice.reason === reason) ?? false;

async function fillScratch(reason: 'SpoolFull' | 'ScratchFull', options: WorkbenchOptions): Promise<void> {
  bench = await createWorkbench(options);
  const file = await bench.manifest(
    ...destination.manifests,
    recordingManifest('full', 'place', streamSource(broadcast.url)),
  );
  const running = bench.start('run', '-f', file);
  await bench.until('full', recordedSeconds(4));
  await destination.server.kill();
  const full = await bench.until('full', hasNotice(reason), 60_000);
  await bench.until('full', phaseIs('Uploading'));
  expect(full.notices?.find((notice) => notice.reason === reason)?.message).toMatch(
    reason === 'SpoolFull' ? /bring the storage back or allow more scratch/ : /is full .*free some space/,
  );
  await sleep(2_000);
  await destination.server.start();
  const again = await bench.until(
    'full',
    (status) => status.attempts?.length === 2 && phaseIs('Recording')(status),
  );
  expect(again.outputs).toHaveLength(1);
  await sleep(3_000);
  await bench.run(['stop', 'full']);
  expect(await running.exited).toBe(0);

  const status = await bench.status('full');
  expect(status).toMatchObject({ phase: 'Uploaded', stopReason: 'Requested' });
  expect(status.attempts?.map(({ reason }) => reason)).toEqual(['Retry', 'Complete']);
  expect(status.notices?.map(({ reason }) => reason)).toEqual([reason]);
  expect(status.gaps).toMatchObject([{ reason: 'Interrupted' }]);
  expect(status.outputs).toHaveLength(1);
  const [output] = status.outputs ?? [];
  if (output === undefined) throw new Error('no output');
  const { durationSeconds } = await requireOrdinaryMp4(await destination.fetch(output));
  expect(Math.abs(account(status, durationSeconds).untold)).toBeLessThan(1.5);
  expect(await leftovers(bench, { destination, outputs: status.outputs })).toEqual([]);
}

it('completes what it has and goes on later, when the scratch limit is reached', async () => {
  await fillScratch('SpoolFull', { env: { TAPEDECK_SCRATCH_LIMIT: String(scratchBytes) } });
});

/** Mounting needs root; a test run without it says so. */
const mayMount = (() => {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false; // Not allowed here, or no such program.
  }
})();
if (!mayMount) {
  if (process.env.CI) throw new Error('A full disk is tested on a mount of its own, which needs root.');
  process.stderr.write('Skipping the test of a full disk: it mounts a small one, which needs root.\n');
}

it.skipIf(!mayMount)('completes what it has and goes on later, when the disk is full', async () => {
  await fillScratch('ScratchFull', {
    async prepare(data) {
      // All of local mode's state is on it, as on a laptop with one disk.
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tapedeck-test', data]);
      cleanups.push(() => execFileSync('umount', ['-l', data]));
    },
  });
});
