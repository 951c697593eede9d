import { describe, expect, it } from 'vitest';
import { phaseIs, recordedSeconds, recordingManifest, smallTestCard } from '../e2e/workbench.ts';
import { requireOrdinaryMp4 } from '../media/inspect.ts';
import { measureSync, worstOffset } from '../media/sync-meter.ts';
import { account, mostUntoldSeconds, seconds } from './account.ts';
import { destinations } from './destination.ts';
import { leftovers } from './leftovers.ts';
import { signalAll, untilGone } from './processes.ts';
import { stageEach } from './stage.ts';

/** Durability of 5 s and one interval of key frames. */
const mayBeMissing = 8;

describe.each(['Local', 'S3', 'AzureBlob'] as const)('kill -9 of the recorder, into %s', (kind) => {
  const stage = stageEach(destinations[kind]);

  it('goes on by itself in a next attempt, and makes one file of both', async () => {
    const file = await stage.bench.manifest(
      ...stage.destination.manifests,
      recordingManifest('killed', 'place', smallTestCard),
    );
    const running = stage.bench.start('run', '-f', file);
    await stage.bench.until('killed', recordedSeconds(9));
    const killedAt = Date.now();
    expect(await signalAll(stage.bench.directory, ['Recorder'], 'SIGKILL')).toBe(1);
    // Its encoder goes with it, and another one comes.
    const again = await stage.bench.until(
      'killed',
      (status) => status.attempts?.length === 2 && phaseIs('Recording')(status),
    );
    expect(again.attempts?.[0]).toMatchObject({ reason: 'Killed', message: 'It was ended by SIGKILL.' });
    await stage.bench.until('killed', recordedSeconds(seconds(again.duration) + 4));
    await stage.bench.run(['stop', 'killed']);
    expect(await running.exited).toBe(0);

    const status = await stage.bench.status('killed');
    expect(status).toMatchObject({ phase: 'Uploaded', stopReason: 'Requested' });
    expect(status.notices).toBeUndefined();
    expect(status.outputs).toHaveLength(1);
    expect(status.gaps).toMatchObject([{ reason: 'Interrupted' }]);
    const [output] = status.outputs ?? [];
    const [gap] = status.gaps ?? [];
    if (output === undefined || gap === undefined) throw new Error('neither output nor gap');
    const path = await stage.destination.fetch(output);
    const facts = await requireOrdinaryMp4(path);
    expect(Math.abs(facts.durationSeconds - seconds(output.duration))).toBeLessThan(0.1);
    // The gap is where the first part ends, and tells all that is missing.
    const { untold } = account(status, facts.durationSeconds);
    expect(Math.abs(untold)).toBeLessThan(mostUntoldSeconds);
    const lostBeforeKill = (killedAt - Date.parse(status.startTime ?? '')) / 1000 - seconds(gap.start);
    expect(lostBeforeKill).toBeGreaterThan(0);
    expect(lostBeforeKill).toBeLessThanOrEqual(mayBeMissing);
    const marks = await measureSync(path);
    expect(marks.length).toBeGreaterThanOrEqual(Math.floor(facts.durationSeconds) - 3);
    expect(worstOffset(marks)).toBeLessThanOrEqual(40);
    expect(await leftovers(stage.bench, { destination: stage.destination, outputs: status.outputs })).toEqual(
      [],
    );
  });

  it('takes its encoder along within seconds', async () => {
    const file = await stage.bench.manifest(
      ...stage.destination.manifests,
      recordingManifest('orphan', 'place', smallTestCard),
    );
    const running = stage.bench.start('run', '-f', file);
    await stage.bench.until('orphan', recordedSeconds(1));
    await running.kill();
    expect(await signalAll(stage.bench.directory, ['Recorder'], 'SIGKILL')).toBe(1);
    await untilGone(stage.bench.directory, ['Encoder', 'Probe'], 15_000);
  });
});
