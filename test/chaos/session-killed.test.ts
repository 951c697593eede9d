import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { phaseIs, recordedSeconds } from '../e2e/workbench.ts';
import { decodeAll, inspect } from '../media/inspect.ts';
import { findFakeGcs } from '../servers/gcs.ts';
import { seconds } from './account.ts';
import { signalAll } from './processes.ts';
import { openSessionStage, type SessionStage } from './session-stage.ts';

const program = await findFakeGcs();

/** With rights to create and nothing else: the next attempt finishes the session from its journal, and starts another. */
describe.skipIf(program === undefined)('kill -9 of a recorder that writes into a resumable session', () => {
  let stage: SessionStage;
  beforeEach(async () => {
    stage = await openSessionStage();
  });
  afterEach(() => stage.close());

  it('loses no part that was there, and tells nobody the address of the session', async () => {
    const { bench, destination } = stage;
    const name = 'session';
    await stage.record(name, async (running) => {
      expect(await signalAll(bench.directory, ['Recorder'], 'SIGKILL')).toBe(1);
      const again = await bench.until(
        name,
        (status) => status.attempts?.length === 2 && phaseIs('Recording')(status),
      );
      await bench.until(name, recordedSeconds(seconds(again.duration ?? '0s') + 3));
      await bench.run(['stop', name]);
      expect({ code: await running.exited, said: running.output() }).toMatchObject({ code: 0 });
      expect(running.output()).not.toContain('upload_id');
    });
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
