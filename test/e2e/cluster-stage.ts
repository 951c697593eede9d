import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { Condition, ExternalStorage, Recording, RecordingStatus } from '@tapedeck/core';
import { expect, type TestContext, vi } from 'vitest';
import { type Cluster, type ClusterNode, openCluster } from '../cluster/cluster.ts';
import { operatorNamespace } from '../cluster/operator-rights.ts';
import { type S3Pod, startS3Pod } from '../cluster/s3-pod.ts';
import { decodeAll, requireOrdinaryMp4 } from '../media/inspect.ts';
import { root } from '../repo/checkout.ts';

export const soon = { timeout: 90_000, interval: 250 };
const apiVersion = 'tapedeck.dev/v1alpha1';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
}

/** A cluster with a release of the packaged chart and an S3 server in it, and what tests say to them. */
export class ClusterStage {
  readonly namespace = 'lectures';
  #cluster: Cluster | undefined;
  #store: S3Pod | undefined;
  #s3: S3Client | undefined;
  #directory: string | undefined;
  #images = { operator: '', recorder: '' };
  #closeForward: () => void = () => undefined;
  #installSeconds = Number.NaN;

  /** Once; then `close`, also where this rejects. */
  async open(): Promise<void> {
    this.#directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-cluster-'));
    this.#cluster = await openCluster();
    await this.cluster.apply([this.namespace, operatorNamespace].map(restrictedNamespace));
    this.#images = {
      operator: await this.cluster.image('operator'),
      recorder: await this.cluster.image('recorder'),
    };
    await this.cluster.helm(['package', `${root}/charts/tapedeck`, '--destination', this.directory]);
    const began = performance.now();
    await this.release('install');
    this.#installSeconds = (performance.now() - began) / 1000;
    this.#store = await startS3Pod(this.cluster, 'default');
    await this.reconnect();
  }

  /** To the S3 server: a forwarded port does not outlive the program behind it. */
  async reconnect(): Promise<void> {
    this.#closeForward();
    this.#s3?.destroy();
    const forward = await this.cluster.forward('default', 's3', 7070);
    this.#closeForward = forward.close;
    this.#s3 = new S3Client({
      endpoint: `http://127.0.0.1:${forward.port}`,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: this.store.accessKeyId, secretAccessKey: this.store.secretAccessKey },
    });
  }

  async close(): Promise<void> {
    this.#closeForward();
    await this.#cluster?.close();
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }

  get cluster(): Cluster {
    return opened(this.#cluster);
  }
  get store(): S3Pod {
    return opened(this.#store);
  }
  /** From `helm install` to a release that is ready, its images on the node already. */
  get installSeconds(): number {
    return this.#installSeconds;
  }
  get recorderImage(): string {
    return this.#images.recorder;
  }
  get directory(): string {
    return opened(this.#directory);
  }
  /** A test that needs it is left out, with a line that says so, on a cluster that was given. */
  node({ skip }: Pick<TestContext, 'skip'>): ClusterNode {
    return this.cluster.node ?? skip('the node of a cluster that was given is not ours to break');
  }

  /** Nobody answers at the storage's address, and what had a connection loses it. */
  async breakStorage(): Promise<void> {
    const body = JSON.stringify({ spec: { selector: { app: 'nobody' } } });
    await this.cluster.must(['patch', 'service', 's3', '--type', 'merge', '-p', body]);
    // Its data is the pod's, and stays.
    await this.cluster.must(['exec', 's3', '--', 'sh', '-c', 'kill 1']);
  }

  async mendStorage(): Promise<void> {
    const body = JSON.stringify({ spec: { selector: { app: 's3' } } });
    await this.cluster.must(['patch', 'service', 's3', '--type', 'merge', '-p', body]);
    await this.cluster.must(['wait', '--for=condition=Ready', '--timeout=90s', 'pod/s3']);
    await this.reconnect();
  }

  /** Resolves once the API server answers again, its nodes are known to be well, and the S3 server is reached through them. */
  async reachable(): Promise<void> {
    await vi.waitFor(() => this.cluster.must(['get', '--raw', '/readyz']), soon);
    // A kubelet that was cut off sees only after up to a minute that it was given up.
    await this.cluster.must(['wait', '--for=condition=Ready', '--timeout=110s', 'node', '--all']);
    await vi.waitFor(() => this.reconnect(), soon);
  }

  /** Installs or upgrades the packaged chart with real images, and waits until it is ready. */
  async release(verb: 'install' | 'upgrade', ...more: string[]): Promise<void> {
    const [chart] = (await readdir(this.directory)).filter((name) => name.endsWith('.tgz'));
    await this.cluster.helm([
      ...[verb, 'tapedeck', path.join(this.directory, String(chart)), '--namespace', operatorNamespace],
      ...[...imageValues('image', this.#images.operator)],
      ...[...imageValues('recorder.image', this.#images.recorder)],
      ...['--set', 'progressInterval=1', '--set', 'recorder.resources.requests.cpu=100m'],
      ...['--set', 'recorder.pages.resources.requests.cpu=100m'],
      // The page of an example is on this machine.
      ...(this.cluster.node === undefined
        ? []
        : ['--set', `recorder.pages.visit={${this.cluster.node.host}}`]),
      ...['--wait', '--timeout', '3m', ...more],
    ]);
  }

  secret(name = 'team-bucket') {
    return {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: this.namespace },
      stringData: {
        accessKeyId: this.store.accessKeyId,
        secretAccessKey: this.store.secretAccessKey,
      } as Record<string, string>,
    };
  }

  storage(name: string, secretName: string) {
    const { bucket, endpoint } = this.store;
    return {
      apiVersion,
      kind: 'ExternalStorage',
      metadata: { name, namespace: this.namespace },
      spec: {
        provider: 'S3',
        s3: { bucket, region: 'us-east-1', endpoint, forcePathStyle: true },
        prefix: name,
        credentials: { secretRef: { name: secretName } },
      },
    };
  }

  recording(name: string, spec: object = {}) {
    return {
      apiVersion,
      kind: 'Recording',
      metadata: { name, namespace: this.namespace },
      spec: {
        source: { type: 'TestCard' },
        room: name,
        storage: { refs: [{ name: 'team' }] },
        maxDuration: '10m',
        video: { width: 320, height: 180, frameRate: 15 },
        ...spec,
      },
    };
  }

  /** kubectl in the namespace of the recordings. */
  async must(...args: string[]): Promise<string> {
    return await this.cluster.must(['-n', this.namespace, ...args]);
  }

  async statusOf(name: string, namespace = this.namespace): Promise<RecordingStatus> {
    const text = await this.cluster.must(['-n', namespace, 'get', 'recording', name, '-o', 'json']);
    return (JSON.parse(text) as Recording).status ?? {};
  }

  async condition(name: string, type: string): Promise<Condition | undefined> {
    return (await this.statusOf(name)).conditions?.find((one) => one.type === type);
  }

  async storageCondition(name: string, type: string): Promise<Condition | undefined> {
    const text = await this.must('get', 'externalstorage', name, '-o', 'json');
    return (JSON.parse(text) as ExternalStorage).status?.conditions?.find((one) => one.type === type);
  }

  /** Sets `spec.state`. */
  async patch(name: string, state: string): Promise<void> {
    const body = JSON.stringify({ spec: { state } });
    await this.must('patch', 'recording', name, '--type', 'merge', '-p', body);
  }

  /** Resolves once it records and has more than that. */
  async records(name: string, seconds = 0): Promise<RecordingStatus> {
    return await vi.waitFor(async () => {
      const status = await this.statusOf(name);
      expect(status.phase, JSON.stringify(status.conditions?.[0])).toBe('Recording');
      expect(Number.parseFloat(status.duration ?? '0')).toBeGreaterThan(seconds);
      return status;
    }, soon);
  }

  async completes(name: string): Promise<RecordingStatus> {
    await this.must('wait', '--for=condition=Complete', '--timeout=90s', `rec/${name}`);
    return await this.statusOf(name);
  }

  /** Stops it, waits for it to be complete, and plays every file of it. */
  async stopAndPlay(name: string): Promise<RecordingStatus> {
    await this.patch(name, 'Stopped');
    const status = await this.completes(name);
    expect(status.outputs?.length).toBeGreaterThan(0);
    for (const { key } of status.outputs ?? []) await decodeAll(await this.fetchFile(key));
    return status;
  }

  /** Of its newest attempt. */
  async podOf(name: string): Promise<string> {
    const { attempts = [] } = await this.statusOf(name);
    return String(attempts.at(-1)?.pod);
  }

  /** Resolves once `kubectl events` shows that of it: they are written after the status. */
  async tells(kind: string, name: string, what: RegExp): Promise<void> {
    await vi.waitFor(async () => {
      expect(await this.must('events', '--for', `${kind}/${name}`)).toMatch(what);
    }, soon);
  }

  async keys(prefix?: string): Promise<readonly string[]> {
    const answer = await opened(this.#s3).send(
      new ListObjectsV2Command({ Bucket: this.store.bucket, Prefix: prefix }),
    );
    return (answer.Contents ?? []).map(({ Key }) => String(Key));
  }

  async fetchFile(key: string): Promise<string> {
    const { Body } = await opened(this.#s3).send(
      new GetObjectCommand({ Bucket: this.store.bucket, Key: key }),
    );
    if (Body === undefined) throw new Error(`${key} has no body`);
    const file = path.join(this.directory, path.basename(key));
    await writeFile(file, await Body.transformToByteArray());
    return file;
  }

  /** The one file below a prefix, once it is complete: nobody is left to say so. */
  async completeFile(prefix: string): Promise<string> {
    return await vi.waitFor(async () => {
      const [only] = (await this.keys(prefix)).filter((key) => key.endsWith('.mp4'));
      if (only === undefined) throw new Error(`nothing below ${prefix}`);
      const file = await this.fetchFile(only);
      await requireOrdinaryMp4(file);
      return file;
    }, soon);
  }
}

function opened<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the stage is not open');
  return value;
}

function restrictedNamespace(name: string) {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

function imageValues(prefix: string, name: string): readonly string[] {
  const colon = name.lastIndexOf(':');
  return [
    ...['--set', `${prefix}.repository=${name.slice(0, colon)},${prefix}.tag=${name.slice(colon + 1)}`],
    ...['--set', `${prefix}.pullPolicy=IfNotPresent`],
  ];
}
