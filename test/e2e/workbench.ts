import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Recording, RecordingStatus } from '@tapedeck/core';
import { everyRole, signalAll } from '../chaos/processes.ts';
import { startChild, type TestChild } from '../media/child.ts';
import { root } from '../repo/checkout.ts';
import type { VersityGw } from '../servers/versitygw.ts';

/** A place with its own local mode, used through the command line as a person would. */
export interface Workbench {
  readonly directory: string;
  /** Starts `tapedeck …`; ended with the workbench. */
  start(...args: string[]): TestChild;
  /** Starts `tapedeck dev`; resolves once it controls and can be given Secrets. */
  startControl(): Promise<TestChild>;
  /** Runs it to its end; rejects with what it said when it ends with another code. */
  run(args: readonly string[], code?: number): Promise<string>;
  /** Writes a manifest and gives its path. */
  manifest(...documents: object[]): Promise<string>;
  status(name: string): Promise<RecordingStatus>;
  /** Polls the status until it is as wanted; rejects with the last one after `timeoutMs`. */
  until(
    name: string,
    wanted: (status: RecordingStatus) => boolean,
    timeoutMs?: number,
  ): Promise<RecordingStatus>;
  /** Ends everything that was started and removes the directory. */
  close(): Promise<void>;
}

const program = join(root, 'packages/cli/dist/main.js');

export interface WorkbenchOptions {
  /** On top of the test's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the data directory before anything is in it. */
  readonly prepare?: (data: string) => Promise<void>;
}

export async function createWorkbench(options: WorkbenchOptions = {}): Promise<Workbench> {
  const directory = mkdtempSync(join(tmpdir(), 'tapedeck-e2e-'));
  const data = join(directory, 'data');
  await mkdir(data);
  await options.prepare?.(data);
  const children: TestChild[] = [];
  let manifests = 0;

  function start(...args: string[]): TestChild {
    const child = startChild(process.execPath, [program, '--data', data, ...args], {
      cwd: directory,
      env: { ...process.env, ...options.env },
    });
    children.push(child);
    return child;
  }

  async function startControl(): Promise<TestChild> {
    const child = start('dev');
    const deadline = Date.now() + controlStartMs;
    while (!child.output().includes('Running the recordings of')) {
      if (child.process.exitCode !== null || Date.now() > deadline)
        throw new Error(`tapedeck dev does not control:\n${child.output()}`);
      await sleep(50);
    }
    return child;
  }

  async function run(args: readonly string[], code = 0): Promise<string> {
    const child = start(...args);
    const ended = await child.exited;
    if (ended !== code) throw new Error(`tapedeck ${args.join(' ')} ended with ${ended}:\n${child.output()}`);
    return child.output();
  }

  async function status(name: string): Promise<RecordingStatus> {
    const child = start('get', 'recording', name, '-o', 'json');
    const code = await child.exited;
    if (code === notFound) return {}; // Not applied yet.
    if (code !== 0) throw new Error(`tapedeck get ended with ${code}: ${child.output()}`);
    return (JSON.parse(child.output()) as Recording).status ?? {};
  }

  return {
    directory,
    start,
    startControl,
    run,
    async manifest(...documents) {
      const path = join(directory, `manifest-${++manifests}.yaml`);
      await writeFile(path, documents.map((document) => JSON.stringify(document)).join('\n---\n'));
      return path;
    },
    status,
    async until(name, wanted, timeoutMs = untilMs) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const now = await status(name);
        if (wanted(now)) return now;
        if (Date.now() > deadline)
          throw new Error(`recording ${name} stayed ${JSON.stringify(now, null, 1)}`);
        await sleep(300);
      }
    },
    async close() {
      for (const child of children) await child.stop();
      await signalAll(directory, everyRole, 'SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Some seconds, but where two cores do much else as well. */
const untilMs = 90_000;
const controlStartMs = 60_000;

/** The command line's exit code for a name that is not there. */
const notFound = 3;
const header = { apiVersion: 'tapedeck.dev/v1alpha1' };

export function localStorageManifest(name: string, directory: string): object {
  return {
    ...header,
    kind: 'ExternalStorage',
    metadata: { name },
    spec: { provider: 'Local', local: { directory } },
  };
}

/** The storage and its Secret. */
export function s3StorageManifests(name: string, server: VersityGw): [object, object] {
  const { bucket, region, endpoint, accessKeyId, secretAccessKey } = server;
  return [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `${name}-keys` },
      stringData: { accessKeyId, secretAccessKey },
    },
    {
      ...header,
      kind: 'ExternalStorage',
      metadata: { name },
      spec: {
        provider: 'S3',
        s3: { bucket, region, endpoint, forcePathStyle: true },
        credentials: { secretRef: { name: `${name}-keys` } },
      },
    },
  ];
}

/** The storage as a Space whose region is written as DigitalOcean shows it, and its Secret. */
export function spacesStorageManifests(name: string, server: VersityGw): object[] {
  const [secret] = s3StorageManifests(name, server);
  const { bucket, region, endpoint } = server;
  return [
    secret,
    {
      ...header,
      kind: 'ExternalStorage',
      metadata: { name },
      spec: {
        provider: 'DigitalOcean',
        digitalOcean: { bucket, region: region.toUpperCase(), endpoint },
        credentials: { secretRef: { name: `${name}-keys` } },
      },
    },
  ];
}

export function recordingManifest(name: string, storage: string, spec: object): object {
  return {
    ...header,
    kind: 'Recording',
    metadata: { name },
    spec: { storage: { refs: [{ name: storage }] }, ...spec },
  };
}

/** A small picture, so that two cores are enough for everything that a test runs. */
export const smallTestCard = {
  source: { type: 'TestCard' },
  video: { width: 320, height: 180, frameRate: 30, bitrate: 400_000 },
};

export function streamSource(url: string, more: object = {}): object {
  return { source: { type: 'Stream', stream: { url, ...more } } };
}

export const phaseIs =
  (...phases: (RecordingStatus['phase'] | undefined)[]) =>
  (status: Pick<RecordingStatus, 'phase'>): boolean =>
    phases.includes(status.phase);

/** So much is recorded. */
export const recordedSeconds =
  (seconds: number) =>
  (status: RecordingStatus): boolean =>
    Number.parseFloat(status.duration ?? '0') >= seconds;
