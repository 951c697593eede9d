import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { ExternalStorage, Recording, RecordingStatus } from '@tapedeck/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Cluster, findCluster, findHelm, openCluster } from '../cluster/cluster.ts';
import { operatorNamespace } from '../cluster/operator-rights.ts';
import { type S3Pod, startS3Pod } from '../cluster/s3-pod.ts';
import { decodeAll, requireOrdinaryMp4 } from '../media/inspect.ts';
import { root } from '../repo/checkout.ts';
import { findVersityGw } from '../servers/versitygw.ts';

/** Builds of Kubernetes and of two images, cold. */
const hookTimeoutMs = 30 * 60_000;
const soon = { timeout: 90_000, interval: 250 };
const namespace = 'lectures';
const apiVersion = 'tapedeck.dev/v1alpha1';
const there =
  (await findCluster()) && (await findVersityGw()) !== undefined && (await findHelm()) !== undefined;

describe.skipIf(!there)('Tapedeck on a cluster', () => {
  let cluster: Cluster;
  let store: S3Pod;
  let directory: string;
  let s3: S3Client;
  let images: { operator: string; recorder: string };
  let closeForward: () => void;

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-cluster-'));
    cluster = await openCluster();
    const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await cluster.apply(
      [namespace, operatorNamespace].map((name) => ({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: restricted },
      })),
    );
    images = { operator: await cluster.image('operator'), recorder: await cluster.image('recorder') };
    await cluster.helm(['package', `${root}/charts/tapedeck`, '--destination', directory]);
    await release('install');
    store = await startS3Pod(cluster, 'default');
    const forward = await cluster.forward('default', 's3', 7070);
    closeForward = forward.close;
    s3 = new S3Client({
      endpoint: `http://127.0.0.1:${forward.port}`,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: store.accessKeyId, secretAccessKey: store.secretAccessKey },
    });
  }, hookTimeoutMs);
  afterAll(async () => {
    closeForward?.();
    await cluster?.close();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }, 120_000);

  /** Installs or upgrades the packaged chart with real images, and waits until it is ready. */
  async function release(verb: 'install' | 'upgrade', ...more: string[]): Promise<void> {
    const [chart] = (await readdir(directory)).filter((name) => name.endsWith('.tgz'));
    const image = (prefix: string, name: string) => {
      const colon = name.lastIndexOf(':');
      return [
        ...['--set', `${prefix}.repository=${name.slice(0, colon)},${prefix}.tag=${name.slice(colon + 1)}`],
        ...['--set', `${prefix}.pullPolicy=IfNotPresent`],
      ];
    };
    await cluster.helm([
      ...[verb, 'tapedeck', path.join(directory, String(chart)), '--namespace', operatorNamespace],
      ...[...image('image', images.operator), ...image('recorder.image', images.recorder)],
      ...['--set', 'progressInterval=1', '--set', 'recorder.resources.requests.cpu=100m'],
      ...['--wait', '--timeout', '3m', ...more],
    ]);
  }

  const secret = (name = 'team-bucket') => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    stringData: { accessKeyId: store.accessKeyId, secretAccessKey: store.secretAccessKey },
  });
  const storage = (name: string, secretName: string) => ({
    apiVersion,
    kind: 'ExternalStorage',
    metadata: { name, namespace },
    spec: {
      provider: 'S3',
      s3: { bucket: store.bucket, region: 'us-east-1', endpoint: store.endpoint, forcePathStyle: true },
      prefix: name,
      credentials: { secretRef: { name: secretName } },
    },
  });
  const recording = (name: string, spec: object = {}) => ({
    apiVersion,
    kind: 'Recording',
    metadata: { name, namespace },
    spec: {
      source: { type: 'TestCard' },
      room: name,
      storage: { refs: [{ name: 'team' }] },
      maxDuration: '10m',
      video: { width: 320, height: 180, frameRate: 15 },
      ...spec,
    },
  });
  async function statusOf(name: string): Promise<RecordingStatus> {
    const text = await cluster.must(['-n', namespace, 'get', 'recording', name, '-o', 'json']);
    return (JSON.parse(text) as Recording).status ?? {};
  }
  const patch = async (name: string, state: string) =>
    await cluster.must([
      ...['-n', namespace, 'patch', 'recording', name, '--type', 'merge'],
      ...['-p', JSON.stringify({ spec: { state } })],
    ]);
  const records = async (name: string, seconds = 0) =>
    await vi.waitFor(async () => {
      const status = await statusOf(name);
      expect(status.phase, JSON.stringify(status.conditions?.[0])).toBe('Recording');
      expect(Number.parseFloat(status.duration ?? '0')).toBeGreaterThan(seconds);
      return status;
    }, soon);
  async function fetchFile(key: string): Promise<string> {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: store.bucket, Key: key }));
    if (Body === undefined) throw new Error(`${key} has no body`);
    const file = path.join(directory, path.basename(key));
    await writeFile(file, await Body.transformToByteArray());
    return file;
  }

  it('says what a storage lacks, and takes it into service when its Secret comes', async () => {
    await cluster.apply([storage('team', 'team-bucket')]);
    const ready = async () => {
      const text = await cluster.must(['-n', namespace, 'get', 'xs', 'team', '-o', 'json']);
      return (JSON.parse(text) as ExternalStorage).status?.conditions?.find(({ type }) => type === 'Ready');
    };
    await vi.waitFor(async () => {
      expect(await ready()).toMatchObject({ status: 'False', reason: 'InvalidCredentials' });
    }, soon);
    expect((await ready())?.message).toContain('Secret');
    await cluster.apply([secret()]);
    await cluster.must(['-n', namespace, 'wait', '--for=condition=Ready', '--timeout=90s', 'xs/team']);
  }, 240_000);

  it('records for helm test, which takes away all that it made', async () => {
    await release('upgrade', '--set', `test.storage=team,test.namespace=${namespace},test.seconds=3`);
    const said = await cluster.helm([
      ...['test', 'tapedeck', '--namespace', operatorNamespace, '--logs', '--timeout', '110s'],
    ]);
    expect(said).toContain('Passed.');
    expect(said).toMatch(/team: team\/\S+\.mp4, \d+ bytes; removed again/);
    for (const where of [namespace, operatorNamespace]) {
      const left = await cluster.must([
        ...['-n', where, 'get', 'recordings,jobs,pods,serviceaccounts,roles,rolebindings', '-o', 'name'],
      ]);
      expect(left).not.toContain('tapedeck-test');
    }
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: store.bucket }));
    expect(Contents.map(({ Key }) => Key)).toEqual([]);
    const policies = await cluster.must(['-n', namespace, 'get', 'networkpolicies', '-o', 'name']);
    expect(policies).toContain('tapedeck-recorder');
  }, 300_000);

  it('records, pauses, goes on and stops by kubectl patch; the file is in the bucket and plays', async () => {
    await cluster.apply([recording('physics')]);
    await records('physics', 4);
    await patch('physics', 'Paused');
    await vi.waitFor(async () => expect((await statusOf('physics')).phase).toBe('Paused'), soon);
    // Longer than the grain of a pause, which is the time between two key frames.
    await sleep(4_000);
    await patch('physics', 'Recording');
    await records('physics', 8);
    await patch('physics', 'Stopped');
    await cluster.must(['-n', namespace, 'wait', '--for=condition=Complete', '--timeout=90s', 'rec/physics']);
    const status = await statusOf('physics');
    expect(status.phase).toBe('Uploaded');
    expect(status.pauses).toHaveLength(1);
    expect(Number.parseFloat(status.pauses?.[0]?.duration ?? '0')).toBeGreaterThan(2);
    expect(status.attempts).toMatchObject([{ number: 1, node: 'node-1', reason: 'Complete' }]);
    const [output] = status.outputs ?? [];
    if (output === undefined) throw new Error('the recording names no file');
    const file = await fetchFile(output.key);
    const facts = await requireOrdinaryMp4(file);
    await decodeAll(file);
    expect(Math.abs(facts.durationSeconds - Number.parseFloat(output.duration))).toBeLessThan(0.2);
    const { Contents = [] } = await s3.send(
      new ListObjectsV2Command({ Bucket: store.bucket, Prefix: 'team/' }),
    );
    expect(Contents.map(({ Key }) => Key)).toEqual([output.key]);
    const jobs = await cluster.must(['-n', namespace, 'get', 'jobs', '-o', 'name']);
    expect(jobs).not.toContain('rec-');
    const events = await cluster.must(['-n', namespace, 'events', '--for', 'recording/physics']);
    expect(events).toContain('Complete');
  }, 300_000);

  it('goes on in a next attempt when the pod is deleted, and joins what both recorded', async () => {
    await cluster.apply([recording('deleted')]);
    await records('deleted', 3);
    await cluster.must([
      '-n',
      namespace,
      'delete',
      'pod',
      '-l',
      'app.kubernetes.io/component=record',
      '--wait=false',
    ]);
    await vi.waitFor(async () => expect((await statusOf('deleted')).attempts).toHaveLength(2), soon);
    await records('deleted', 5);
    await patch('deleted', 'Stopped');
    await cluster.must(['-n', namespace, 'wait', '--for=condition=Complete', '--timeout=90s', 'rec/deleted']);
    const { outputs = [], gaps = [] } = await statusOf('deleted');
    expect(gaps).toHaveLength(1);
    for (const { key } of outputs) await decodeAll(await fetchFile(key));
  }, 300_000);

  const podOf = async (name: string): Promise<string> => {
    const { attempts = [] } = await statusOf(name);
    return String(attempts.at(-1)?.pod);
  };
  const inNamespace = (...args: string[]) => ['-n', namespace, ...args];

  it.each([
    [
      'evicted, as a drain does it',
      async (name: string) => {
        const pod = await podOf(name);
        const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } };
        const where = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`;
        await cluster.must(['create', '--raw', where, '-f', '-'], JSON.stringify(eviction));
      },
      /EvictionByEvictionAPI|Interrupted/,
    ],
    [
      'killed without a chance to end',
      async (name: string) => {
        await cluster.must(inNamespace('delete', 'pod', await podOf(name), '--grace-period=0', '--force'));
      },
      /./,
    ],
    [
      'taken away with its Job',
      async (name: string) => {
        const job = (await podOf(name)).replace(/-[a-z0-9]+$/, '');
        await cluster.must(inNamespace('delete', 'job', job, '--wait=false'));
      },
      /./,
    ],
  ])(
    'a run that is %s is followed by another, and every file plays',
    async (what, breakIt, why) => {
      const name = `broken-${what.split(/[ ,]/)[0]}`;
      await cluster.apply([recording(name)]);
      await records(name, 3);
      await breakIt(name);
      await vi.waitFor(async () => expect((await statusOf(name)).attempts).toHaveLength(2), soon);
      const { attempts = [] } = await statusOf(name);
      expect(`${attempts[0]?.reason} ${attempts[0]?.message}`).toMatch(why);
      await vi.waitFor(async () => expect((await statusOf(name)).phase).toBe('Recording'), soon);
      await patch(name, 'Stopped');
      await cluster.must(inNamespace('wait', '--for=condition=Complete', '--timeout=90s', `rec/${name}`));
      const { outputs = [], duration = '0s' } = await statusOf(name);
      expect(Number.parseFloat(duration)).toBeGreaterThan(2);
      for (const { key } of outputs) await decodeAll(await fetchFile(key));
    },
    240_000,
  );

  /** The one file below a prefix, once it is complete: nobody is left to say so. */
  const completeFile = async (prefix: string): Promise<string> =>
    await vi.waitFor(async () => {
      const { Contents = [] } = await s3.send(
        new ListObjectsV2Command({ Bucket: store.bucket, Prefix: prefix }),
      );
      const [only] = Contents.filter(({ Key }) => Key?.endsWith('.mp4'));
      if (only?.Key === undefined) throw new Error(`nothing below ${prefix}`);
      const file = await fetchFile(only.Key);
      await requireOrdinaryMp4(file);
      return file;
    }, soon);

  it('a Recording that is deleted leaves a complete file, and nothing of itself', async () => {
    await cluster.apply([recording('dropped')]);
    await records('dropped', 3);
    await cluster.must(inNamespace('delete', 'recording', 'dropped', '--wait=false'));
    await decodeAll(await completeFile('team/dropped'));
    await vi.waitFor(async () => {
      expect(await cluster.must(inNamespace('get', 'jobs,pods', '-o', 'name'))).not.toContain('rec-');
    }, soon);
    const reports = [
      '-n',
      operatorNamespace,
      'get',
      'configmaps',
      '-l',
      'app.kubernetes.io/component=reports',
    ];
    const kept = await cluster.must([...reports, '-o', 'name']);
    const there = await cluster.must(
      inNamespace('get', 'recordings', '-o', 'jsonpath={.items[*].metadata.uid}'),
    );
    expect(
      kept
        .trim()
        .split('\n')
        .map((line) => line.replace(/^configmap\/reports-(.*)-\d+$/, '$1'))
        .filter((uid, index, all) => all.indexOf(uid) === index)
        .sort(),
    ).toEqual(there.split(' ').sort());
  }, 240_000);

  it('a recording goes on while no operator is there, and is told of its stop by the next', async () => {
    const scale = async (replicas: number) =>
      await cluster.must([
        ...['-n', operatorNamespace, 'scale', 'deployment/tapedeck', `--replicas=${replicas}`],
      ]);
    await cluster.apply([recording('alone')]);
    await records('alone', 2);
    const before = await podOf('alone');
    await scale(0);
    await vi.waitFor(async () => {
      expect(await cluster.must(['-n', operatorNamespace, 'get', 'pods', '-o', 'name'])).toBe('');
    }, soon);
    await patch('alone', 'Stopped');
    await sleep(10_000);
    await scale(2);
    await cluster.must(inNamespace('wait', '--for=condition=Complete', '--timeout=90s', 'rec/alone'));
    const { attempts = [], outputs = [], duration = '0s' } = await statusOf('alone');
    expect(attempts).toMatchObject([{ pod: before, reason: 'Complete' }]);
    expect(Number.parseFloat(duration)).toBeGreaterThan(10);
    for (const { key } of outputs) await decodeAll(await fetchFile(key));
  }, 240_000);

  it('a namespace that is deleted goes, and its file stays', async () => {
    const own = 'short-lived';
    const move = <T extends { metadata: object }>(object: T): T => ({
      ...object,
      metadata: { ...object.metadata, namespace: own },
    });
    await cluster.apply([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: own } },
      move(secret()),
      move(storage('own', 'team-bucket')),
      move(recording('left', { storage: { refs: [{ name: 'own' }] } })),
    ]);
    await vi.waitFor(async () => {
      const phase = await cluster.must([
        '-n',
        own,
        'get',
        'rec',
        'left',
        '-o',
        'jsonpath={.status.duration}',
      ]);
      expect(Number.parseFloat(phase)).toBeGreaterThan(3);
    }, soon);
    await cluster.must(['delete', 'namespace', own, '--timeout=90s']);
    await decodeAll(await completeFile('own/left'));
  }, 240_000);

  it('keeps secrets to kubelet and to the recorder', async () => {
    const log = await cluster.must([
      ...['-n', operatorNamespace, 'logs', '-l', 'app.kubernetes.io/name=tapedeck-operator', '--tail=-1'],
    ]);
    const all = await cluster.must([
      'get',
      'recordings,externalstorages,events,configmaps',
      '-A',
      '-o',
      'json',
    ]);
    for (const text of [log, all]) expect(text).not.toContain(store.secretAccessKey);
  });

  it('an upgrade of the release touches no run', async () => {
    await cluster.apply([recording('upgraded')]);
    await records('upgraded', 2);
    const before = await podOf('upgraded');
    await release('upgrade', '--set', 'podAnnotations.upgraded=yes');
    await records('upgraded', 5);
    await patch('upgraded', 'Stopped');
    await cluster.must(inNamespace('wait', '--for=condition=Complete', '--timeout=90s', 'rec/upgraded'));
    expect((await statusOf('upgraded')).attempts).toMatchObject([{ pod: before, reason: 'Complete' }]);
  }, 300_000);

  it('an uninstalled release leaves the definitions, the resources and the files', async () => {
    const files = async () =>
      ((await s3.send(new ListObjectsV2Command({ Bucket: store.bucket }))).Contents ?? []).map(
        ({ Key }) => Key,
      );
    const before = await files();
    await cluster.helm(['uninstall', 'tapedeck', '--namespace', operatorNamespace, '--wait']);
    const kept = await cluster.must(['get', 'crds', '-o', 'name']);
    expect(
      kept
        .trim()
        .split('\n')
        .filter((name) => name.endsWith('.tapedeck.dev')),
    ).toHaveLength(4);
    expect((await statusOf('physics')).phase).toBe('Uploaded');
    expect(await files()).toEqual(before);
    expect(await cluster.must(['-n', operatorNamespace, 'get', 'deployments', '-o', 'name'])).toBe('');
  }, 120_000);
});
