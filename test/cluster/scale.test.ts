import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  crowdPath,
  inLanes,
  makeReadyStorage,
  makeRecording,
  mustCall,
  runJobs,
  untilQuiet,
} from './crowd.ts';
import { findKubernetes } from './kubernetes.ts';
import { type OperatorGround, startOperatorGround } from './operator-ground.ts';
import type { OperatorProcess } from './operator-process.ts';
import { findKwok, startPlayedNodes } from './played-nodes.ts';
import { countWrites, writtenBetween } from './write-count.ts';

const hookTimeoutMs = 25 * 60_000;
const crowd = 100;
const idleMs = 5_000;
const bin = await findKubernetes();
/** Whatever there is in a list, as far as it matters here. */
const listed = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        ownerReferences: z.array(z.object({ name: z.string() })).optional(),
      }),
      status: z.object({ phase: z.string().optional() }).optional(),
    }),
  ),
});

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
  }, 150_000);

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
  }, 200_000);
});

describe.skipIf(bin === undefined || (await findKwok()) === undefined)(
  'many Recordings, whose Jobs get pods and nodes',
  () => {
    let ground: OperatorGround;
    let nodes: { stop(): Promise<void> };
    const list = async (path: string) =>
      listed.parse(await mustCall(ground.server, 'GET', `${path}?limit=${10 * crowd}`)).items;
    const runPods = async () =>
      (await list('/api/v1/namespaces/default/pods')).filter(({ metadata }) =>
        metadata.name.startsWith('rec-'),
      );

    beforeAll(async () => {
      ground = await startOperatorGround();
      await ground.startOperator('first');
      await makeReadyStorage(ground.server);
      nodes = await startPlayedNodes(ground.server, 3);
    }, hookTimeoutMs);
    afterAll(async () => {
      await nodes?.stop();
      await ground?.stop();
    });

    it('has each of a hundred at once run by exactly one pod', async () => {
      const uids = await inLanes(crowd, (index) => makeRecording(ground.server, `many-${index}`));
      await vi.waitFor(async () => {
        const running = (await runPods()).filter(({ status }) => status?.phase === 'Running');
        expect(running.length).toBeGreaterThanOrEqual(crowd);
      }, 120_000);
      await untilQuiet(ground.server);
      const owners = (await runPods()).map(({ metadata }) => metadata.ownerReferences?.[0]?.name);
      expect(owners.sort()).toEqual(uids.map((uid) => `rec-${uid}-1`).sort());
    }, 240_000);

    it('leaves neither Job nor pod of those that are deleted', async () => {
      await inLanes(crowd, (index) =>
        mustCall(ground.server, 'DELETE', `${crowdPath}/recordings/many-${index}`),
      );
      await vi.waitFor(async () => {
        expect(await list(`${crowdPath}/recordings`)).toEqual([]);
        expect(await runJobs(ground.server)).toEqual([]);
        expect(await runPods()).toEqual([]);
      }, 120_000);
    }, 240_000);
  },
);
