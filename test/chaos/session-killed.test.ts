import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createWorkbench,
  phaseIs,
  recordedSeconds,
  recordingManifest,
  streamSource,
  type Workbench,
} from '../e2e/workbench.ts';
import { startBroadcast } from '../media/broadcast.ts';
import { realClip } from '../media/clip.ts';
import { decodeAll, inspect } from '../media/inspect.ts';
import { findFakeGcs } from '../servers/gcs.ts';
import { seconds } from './account.ts';
import { type GcsDestination, gcsDestination } from './destination-gcs.ts';
import { signalAll } from './processes.ts';

/** The smallest part that goes out before the end of a file. */
const PART_BYTES = 5 * 1024 * 1024;
const program = await findFakeGcs();

/** With rights to create and nothing else: the next attempt finishes the session from its journal, and starts another. */
describe.skipIf(program === undefined)('kill -9 of a recorder that writes into a resumable session', () => {
  let bench: Workbench;
  let destination: GcsDestination;
  beforeEach(async () => {
    destination = await gcsDestination('Resumable', 'plain');
    bench = await createWorkbench();
  });
  afterEach(async () => {
    await bench.close();
    await destination.close();
  });

  it('loses no part that was there, and tells nobody the address of the session', async () => {
    const broadcast = await startBroadcast('Rtmp', { file: await realClip() });
    try {
      const name = 'session';
      const file = await bench.manifest(
        ...destination.manifests,
        recordingManifest(name, 'place', {
          ...streamSource(broadcast.url),
          room: name,
          video: { encode: 'Always', bitrate: 12_000_000 },
        }),
      );
      const running = bench.start('run', '-f', file);
      await bench.until(name, ({ progress }) => (progress?.bytesUploaded ?? 0) >= PART_BYTES, 60_000);
      expect(await signalAll(bench.directory, ['Recorder'], 'SIGKILL')).toBe(1);
      const again = await bench.until(
        name,
        (status) => status.attempts?.length === 2 && phaseIs('Recording')(status),
        30_000,
      );
      await bench.until(name, recordedSeconds(seconds(again.duration ?? '0s') + 3), 30_000);
      await bench.run(['stop', name]);
      expect({ code: await running.exited, said: running.output() }).toMatchObject({ code: 0 });
      expect(running.output()).not.toContain('upload_id');
    } finally {
      await broadcast.stop();
    }
    const { outputs = [], phase, gaps } = await bench.status('session');
    expect(phase).toBe('Uploaded');
    expect(gaps).toMatchObject([{ reason: 'Interrupted' }]);
    expect(outputs).toHaveLength(2);
    for (const output of outputs) {
      const path = await destination.fetch(output);
      await decodeAll(path);
      const { durationSeconds } = await inspect(path);
      expect(Math.abs(durationSeconds - seconds(output.duration))).toBeLessThan(0.5);
    }
    expect(destination.server.openUploads).toEqual([]);
  }, 180_000);
});
