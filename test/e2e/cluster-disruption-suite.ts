import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordingStatus } from '@tapedeck/core';
import { expect, it, type TestContext, vi } from 'vitest';
import { startIdleNode } from '../cluster/idle-node.ts';
import { operatorNamespace } from '../cluster/operator-rights.ts';
import { decodeAll } from '../media/inspect.ts';
import { type ClusterStage, soon } from './cluster-stage.ts';

/** How a run is broken, and what its attempt must say of it. */
interface Break {
  readonly what: string;
  readonly name: string;
  readonly spec?: object;
  readonly why: RegExp;
  readonly breakIt: (stage: ClusterStage, pod: string, context: TestContext) => Promise<unknown>;
}

const breaks: readonly Break[] = [
  {
    what: 'deleted with its pod',
    name: 'pod-deleted',
    why: /Interrupted/,
    breakIt: (stage, pod) => stage.must('delete', 'pod', pod, '--wait=false'),
  },
  {
    what: 'evicted, as a drain does it',
    name: 'pod-evicted',
    why: /EvictionByEvictionAPI|Interrupted/,
    breakIt: async ({ cluster, namespace }, pod) => {
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } };
      const where = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`;
      await cluster.must(['create', '--raw', where, '-f', '-'], JSON.stringify(eviction));
    },
  },
  {
    what: 'deleted without a chance to end',
    name: 'pod-forced',
    why: /Killed|Lost|Interrupted/,
    breakIt: (stage, pod) => stage.must('delete', 'pod', pod, '--grace-period=0', '--force'),
  },
  {
    what: 'taken away with its Job',
    name: 'job-deleted',
    why: /Killed|Lost|Interrupted/,
    breakIt: (stage, pod) => stage.must('delete', 'job', pod.replace(/-[a-z0-9]+$/, ''), '--wait=false'),
  },
  {
    what: 'killed by SIGKILL',
    name: 'killed',
    why: /^Killed .*SIGKILL/,
    breakIt: (stage, pod, context) => stage.node(context).kill(stage.namespace, pod),
  },
  {
    what: 'killed for its memory',
    name: 'out-of-memory',
    spec: { resources: { limits: { memory: '512Mi' } } },
    why: /^Killed OutOfMemory: .*spec\.resources\.limits\.memory/,
    // Many that are smaller than the recorder: where only the largest process is killed, it is that one.
    breakIt: async ({ cluster, namespace }, pod) => {
      const eat = 'for i in $(seq 32); do (head -c 24m /dev/zero | tail -n 1 | sleep 60) & done; wait';
      await cluster.kubectl(['-n', namespace, 'exec', pod, '--', 'sh', '-c', eat]);
    },
  },
];

/** The disruption table, one row a test: what file and status show after each. */
export function testDisruptions(stage: ClusterStage): void {
  const broken = 'a run that is $what is followed by another, and what both recorded plays';
  it.for(breaks)(broken, { timeout: 240_000 }, async (row, context) => {
    const { name } = row;
    await stage.cluster.apply([stage.recording(name, row.spec)]);
    const before = seconds(await stage.records(name, 6));
    await row.breakIt(stage, await stage.podOf(name), context);
    await vi.waitFor(async () => expect((await stage.statusOf(name)).attempts).toHaveLength(2), soon);
    const { attempts = [] } = await stage.statusOf(name);
    expect(`${attempts[0]?.reason} ${attempts[0]?.message}`).toMatch(row.why);
    await stage.records(name, before);
    const status = await stage.stopAndPlay(name);
    expect(status.gaps).toMatchObject([{ reason: 'Interrupted' }]);
    expect(status.attempts).toHaveLength(2);
    await stage.tells('recording', name, /Warning +(Killed|Interrupted|Lost)/);
  });

  it('a Recording that is deleted leaves a complete file, and nothing of itself', async () => {
    await stage.cluster.apply([stage.recording('dropped')]);
    await stage.records('dropped', 3);
    await stage.must('delete', 'recording', 'dropped', '--wait=false');
    await decodeAll(await stage.completeFile('team/dropped'));
    await vi.waitFor(async () => {
      expect(await stage.must('get', 'jobs,pods', '-o', 'name')).not.toContain('rec-');
    }, soon);
    const reports = ['get', 'configmaps', '-l', 'app.kubernetes.io/component=reports', '-o', 'name'];
    await vi.waitFor(async () => {
      const kept = await stage.cluster.must(['-n', operatorNamespace, ...reports]);
      const there = await stage.must(
        ...['get', 'recordings,recordingcopies', '-o', 'jsonpath={.items[*].metadata.uid}'],
      );
      const uids = kept
        .trim()
        .split('\n')
        .map((line) => line.replace(/^configmap\/reports-(.*)-\d+$/, '$1'));
      expect([...new Set(uids)].sort()).toEqual(there.split(' ').sort());
    }, soon);
  }, 240_000);

  it('a namespace that is deleted goes, and its file stays', async () => {
    const own = 'short-lived';
    const move = <T extends { metadata: object }>(object: T): T => ({
      ...object,
      metadata: { ...object.metadata, namespace: own },
    });
    await stage.cluster.apply([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: own } },
      move(stage.secret()),
      move(stage.storage('own', 'team-bucket')),
      move(stage.recording('left', { storage: { refs: [{ name: 'own' }] } })),
    ]);
    const duration = ['-n', own, 'get', 'rec', 'left', '-o', 'jsonpath={.status.duration}'];
    await vi.waitFor(async () => {
      expect(Number.parseFloat(await stage.cluster.must(duration))).toBeGreaterThan(3);
    }, soon);
    await stage.cluster.must(['delete', 'namespace', own, '--timeout=90s']);
    await decodeAll(await stage.completeFile('own/left'));
  }, 240_000);

  it('a recording goes on while no operator is there for a minute, and the next one tells it to stop', async () => {
    const scale = async (replicas: number) =>
      await stage.cluster.must([
        ...['-n', operatorNamespace, 'scale', 'deployment/tapedeck', `--replicas=${replicas}`],
      ]);
    await stage.cluster.apply([stage.recording('alone')]);
    const before = seconds(await stage.records('alone', 2));
    const pod = await stage.podOf('alone');
    await scale(0);
    await vi.waitFor(async () => {
      expect(await stage.cluster.must(['-n', operatorNamespace, 'get', 'pods', '-o', 'name'])).toBe('');
    }, soon);
    await stage.patch('alone', 'Stopped');
    await sleep(awayMs);
    await scale(2);
    requireOneRun(await stage.stopAndPlay('alone'), pod, before + awayMs / 1000);
  }, 300_000);

  it('a recording goes on while the API server is down for a minute, and no operator is restarted', async (context) => {
    const node = stage.node(context);
    const restarts = async () =>
      await stage.cluster.must([
        ...['-n', operatorNamespace, 'get', 'pods', '-l', 'app.kubernetes.io/name=tapedeck-operator'],
        ...[
          '-o',
          'jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[0].restartCount}{"\\n"}{end}',
        ],
      ]);
    await stage.cluster.apply([stage.recording('unseen')]);
    const before = seconds(await stage.records('unseen', 2));
    const pod = await stage.podOf('unseen');
    const restartsBefore = await restarts();
    expect(restartsBefore).toMatch(/^\S+ \d+\n\S+ \d+$/m);
    await node.stop('apiserver');
    await sleep(awayMs);
    await node.start('apiserver');
    await stage.reachable();
    await stage.records('unseen', before + awayMs / 1000);
    requireOneRun(await stage.stopAndPlay('unseen'), pod, before + awayMs / 1000);
    expect(await restarts()).toBe(restartsBefore);
  }, 300_000);

  it('a recording goes on while the kubelet of its node is away', async (context) => {
    const node = stage.node(context);
    await stage.cluster.apply([stage.recording('untended')]);
    const before = seconds(await stage.records('untended', 2));
    const pod = await stage.podOf('untended');
    await node.stop('kubelet');
    await sleep(kubeletAwayMs);
    // It is seen by its own reports, not by what the node says.
    await stage.records('untended', before + kubeletAwayMs / 2000);
    await node.start('kubelet');
    await stage.reachable();
    requireOneRun(await stage.stopAndPlay('untended'), pod, before + kubeletAwayMs / 1000);
  }, 240_000);

  it('a run whose node is gone is said to be unheard, then lost, and is followed by another', async (context) => {
    const node = stage.node(context);
    const idle = await startIdleNode(stage.cluster);
    try {
      await stage.cluster.apply([stage.recording('stranded')]);
      const before = seconds(await stage.records('stranded', 6));
      const pod = await stage.podOf('stranded');
      const because = async (reason: string) =>
        await vi.waitFor(async () => {
          expect((await stage.condition('stranded', 'Ready'))?.reason).toBe(reason);
        }, nodeGone);
      await node.stop('kubelet');
      await node.kill(stage.namespace, pod);
      await because('NotHeard');
      await because('Unschedulable');
      const { attempts = [] } = await stage.statusOf('stranded');
      expect(attempts[0]).toMatchObject({ pod, node: 'node-1', reason: 'NodeLost' });
      expect(attempts).toHaveLength(2);
      await node.start('kubelet');
      await stage.reachable();
      await stage.records('stranded', before);
      const status = await stage.stopAndPlay('stranded');
      expect(status.gaps).toMatchObject([{ reason: 'NodeLost' }]);
      expect(status.attempts).toHaveLength(2);
      for (const reason of [/NotHeard/, /NodeLost/, /Unschedulable/])
        await stage.tells('recording', 'stranded', reason);
      // Nothing of the lost run is left once its node is back.
      await vi.waitFor(async () => {
        expect(await stage.must('get', 'jobs,pods', '-o', 'name')).not.toContain(pod);
      }, soon);
    } finally {
      await node.start('kubelet');
      await idle.close();
    }
  }, 480_000);

  it('a recording goes on while its storage is down for two minutes, and says that it is', async () => {
    await stage.cluster.apply([stage.recording('stored-later')]);
    const before = seconds(await stage.records('stored-later', 4));
    const pod = await stage.podOf('stored-later');
    await stage.breakStorage();
    const begun = performance.now();
    await vi.waitFor(async () => {
      const { notices = [], phase } = await stage.statusOf('stored-later');
      expect(notices.map(({ reason }) => reason)).toContain('StorageAway');
      expect(phase).toBe('Recording');
    }, soon);
    await sleep(2 * awayMs - (performance.now() - begun));
    const { progress, phase } = await stage.statusOf('stored-later');
    expect(phase).toBe('Recording');
    expect(Number.parseFloat(progress?.lag ?? '0')).toBeGreaterThan(awayMs / 1000);
    await stage.mendStorage();
    await vi.waitFor(async () => {
      const { notices = [], progress: now } = await stage.statusOf('stored-later');
      expect(Number.parseFloat(now?.lag ?? '1000')).toBeLessThan(20);
      expect(notices).toEqual([]);
    }, soon);
    requireOneRun(await stage.stopAndPlay('stored-later'), pod, before + (2 * awayMs) / 1000);
  }, 420_000);
}

const awayMs = 60_000;
const kubeletAwayMs = 20_000;
/** Noticed, tolerated, given its grace, and given up: three minutes in all. */
const nodeGone = { timeout: 300_000, interval: 1_000 };

function seconds({ duration = '0s' }: RecordingStatus): number {
  return Number.parseFloat(duration);
}

/** Nothing was lost: one run, from beginning to end, without a gap, and the file is as long as it went on. */
function requireOneRun(status: RecordingStatus, pod: string, atLeastSeconds: number): void {
  expect(status.attempts).toMatchObject([{ pod, reason: 'Complete' }]);
  expect(status.gaps ?? []).toEqual([]);
  expect(seconds(status)).toBeGreaterThan(atLeastSeconds);
  const files = (status.outputs ?? []).reduce((sum, { duration }) => sum + Number.parseFloat(duration), 0);
  expect(Math.abs(files - seconds(status))).toBeLessThan(1);
}
