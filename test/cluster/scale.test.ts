import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { inLanes, makeReadyStorage, makeRecording, runJobs, untilQuiet } from './crowd.ts';
import { findKubernetes } from './kubernetes.ts';
import { type OperatorGround, startOperatorGround } from './operator-ground.ts';
import type { OperatorProcess } from './operator-process.ts';
import { countWrites, writtenBetween } from './write-count.ts';

const hookTimeoutMs = 25 * 60_000;
const crowd = 100;
const idleMs = 5_000;
const bin = await findKubernetes();

describe.skipIf(bin === undefined)('many Recordings, and the operator as a process of its own', () => {
  let ground: OperatorGround;
  let operator: OperatorProcess;

  beforeAll(async () => {
    ground = await startOperatorGround();
    operator = await ground.startOperator('first');
    await makeReadyStorage(ground.server);
  }, hookTimeoutMs);
  afterAll(() => ground?.stop());

  it('makes exactly one Job of each of a hundred at once', async () => {
    const uids = await inLanes(crowd, (index) => makeRecording(ground.server, `many-${index}`));
    const wanted = uids.map((uid) => `rec-${uid}-1`).sort();
    await vi.waitFor(async () => expect(await runJobs(ground.server)).toHaveLength(crowd), 60_000);
    await untilQuiet(ground.server);
    expect([...(await runJobs(ground.server))].sort()).toEqual(wanted);
  }, 120_000);

  it('writes nothing when nothing changes', async () => {
    const before = await countWrites(ground.server);
    await sleep(idleMs);
    expect(writtenBetween(before, await countWrites(ground.server))).toEqual({});
  }, 30_000);

  it('touches no Job and no Recording when another one takes over', async () => {
    const before = await countWrites(ground.server);
    await operator.stop();
    operator = await ground.startOperator('second');
    await operator.leads();
    await vi.waitFor(
      async () => expect(await operator.metric('tapedeck_reconcile_total')).toBeGreaterThanOrEqual(crowd),
      60_000,
    );
    await untilQuiet(ground.server);
    // It says that it is the one to report to.
    expect(writtenBetween(before, await countWrites(ground.server))).toEqual({ endpointslices: 1 });
  }, 120_000);
});
