import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChild, type TestChild } from '../media/child.ts';
import { root } from '../repo/checkout.ts';
import { callApi } from './api-request.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import type { Json } from './hand-kubelet.ts';
import { findKubernetes } from './kubernetes.ts';

/** Holds a cold build of Kubernetes. */
const hookTimeoutMs = 25 * 60_000;
const namespace = 'lectures';
const group = `/apis/tapedeck.dev/v1alpha1/namespaces/${namespace}`;
const program = path.join(root, 'packages/cli/dist/main.js');
const secretKey = 'wJalrXUtnFEMIK7MDENGbPxRfiCY';
const bin = await findKubernetes();

const manifest = `
apiVersion: v1
kind: Secret
metadata: {name: team-bucket}
stringData: {accessKeyId: AKIDEXAMPLE, secretAccessKey: ${secretKey}}
---
apiVersion: tapedeck.dev/v1alpha1
kind: ExternalStorage
metadata: {name: team-bucket}
spec:
  provider: S3
  s3: {bucket: recordings, region: eu-central-1}
  credentials: {secretRef: {name: team-bucket}}
---
apiVersion: tapedeck.dev/v1alpha1
kind: Recording
metadata: {name: physics}
spec:
  source: {type: TestCard}
  storage: {refs: [{name: team-bucket}]}
`;

describe.skipIf(bin === undefined)('the command with a cluster whose operator is played by hand', () => {
  let server: ApiServer;
  let directory: string;
  const children: TestChild[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-command-'));
    server = await startApiServer();
    await server.kubectl(['create', 'namespace', namespace]);
    const all = path.join(directory, 'all.yaml');
    await writeFile(all, manifest);
  }, hookTimeoutMs);
  afterAll(async () => {
    for (const child of children) child.process.kill('SIGKILL');
    await server?.stop();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  });

  function start(...words: string[]): TestChild {
    return startAs(server.kubeconfig, ...words);
  }
  function startAs(kubeconfig: string, ...words: string[]): TestChild {
    const where = ['--kubeconfig', kubeconfig, ...(words[0] === 'dev' ? [] : ['-n', namespace])];
    const child = startChild(process.execPath, [program, ...words, ...where], {
      cwd: directory,
      env: { ...process.env, CI: '' },
    });
    children.push(child);
    return child;
  }
  async function run(words: readonly string[], code = 0): Promise<string> {
    const child = start(...words);
    expect(await child.exited, child.output()).toBe(code);
    expect(child.output()).not.toContain(secretKey);
    return child.output();
  }
  const setStatus = async (plural: string, name: string, status: Json) => {
    const answer = await callApi(
      server,
      'PATCH',
      `${group}/${plural}/${name}/status`,
      { status },
      'application/merge-patch+json',
    );
    expect(answer.message).toBe('');
  };
  const condition = (type: string, status: 'True' | 'False', reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastTransitionTime: '2026-11-25T09:00:00Z',
  });
  const uploaded = {
    phase: 'Uploaded',
    conditions: [condition('Complete', 'True', 'Uploaded', 'All of it is there.')],
    outputs: [
      {
        type: 'File',
        key: 'physics.mp4',
        url: 's3://recordings/physics.mp4',
        bytes: 3000,
        duration: '3s',
        storage: 'team-bucket',
      },
    ],
  };

  it('says before the chart is installed what it finds, and after what is missing', async () => {
    expect(await run(['doctor', '--pre'])).toMatch(
      /✓ +cluster +Kubernetes v1\.35[\s\S]*✓ +kinds +may be made/,
    );
    expect(await run(['doctor'], 1)).toMatch(/✗ +kinds +.*recordings.* not there: install the chart/);
    expect(await run(['get', 'rec'], 3)).toContain("does not know Tapedeck's kinds: install the chart");
    await server.kubectl(['apply', '--server-side', '-f', `${root}/charts/tapedeck/files/crds`]);
    await server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
    expect(await run(['doctor', '--wait', '1s'], 5)).toMatch(/✓ +kinds [\s\S]*✗ +operator +not there/);
  });

  it('writes nothing where one document is refused', async () => {
    const bad = path.join(directory, 'bad.yaml');
    await writeFile(bad, manifest.replace('{name: physics}', `{name: ${'physics'.repeat(40)}}`));
    expect(await run(['apply', '-f', bad], 2)).toMatch(/name/);
    expect(await run(['get', 'xs'])).toContain('There is no externalstorage');
  });

  it('applies a file with its Secret, and says what that changed', async () => {
    const all = await run(['apply', '-f', 'all.yaml']);
    expect(all.trim().split('\n')).toEqual([
      'secret/team-bucket created',
      'externalstorage.tapedeck.dev/team-bucket created',
      'recording.tapedeck.dev/physics created',
    ]);
    expect(await run(['apply', '-f', 'all.yaml'])).toBe(all.replaceAll('created', 'unchanged'));
    const { body } = await callApi(server, 'GET', `/api/v1/namespaces/${namespace}/secrets/team-bucket`);
    const { secretAccessKey } = body.data as Record<string, string>;
    expect(Buffer.from(String(secretAccessKey), 'base64').toString()).toBe(secretKey);
  });

  it('refuses what is on this machine', async () => {
    expect(await run(['record', 'testcard', '--to', './here'], 2)).toContain(
      'spec.local.directory is on this machine',
    );
    expect(await run(['dev'], 2)).toContain('on a cluster the operator does');
  });

  it('pauses, resumes and stops by the field that the operator reads', async () => {
    const state = async () => {
      const { body } = await callApi(server, 'GET', `${group}/recordings/physics`);
      return (body.spec as { state?: string }).state;
    };
    for (const [word, wanted] of [
      ['pause', 'Paused'],
      ['resume', 'Recording'],
      ['stop', 'Stopped'],
    ] as const) {
      expect(await run([word, 'physics'])).toBe(`recording.tapedeck.dev/physics asked to ${word}\n`);
      expect(await state()).toBe(wanted);
    }
    expect(await run(['resume', 'physics'], 2)).toMatch(/Stopped/);
    expect(await run(['pause', 'nobody'], 3)).toContain('there is no Recording nobody');
  });

  it('lists, watches and describes', async () => {
    const watching = start('get', 'rec', '-w');
    await until(() => watching.output().includes('physics'));
    await setStatus('recordings', 'physics', uploaded);
    await until(() => watching.output().includes('Uploaded'));
    watching.process.kill('SIGINT');
    expect(await watching.exited).toBe(130);
    expect(await run(['get', 'rec', 'physics', '-o', 'name'])).toBe('recording.tapedeck.dev/physics\n');
    const { body } = await callApi(server, 'GET', `${group}/recordings/physics`);
    const { uid } = body.metadata as { uid: string };
    await callApi(server, 'POST', `/api/v1/namespaces/${namespace}/events`, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'physics.1', namespace },
      involvedObject: { kind: 'Recording', namespace, name: 'physics', uid },
      type: 'Normal',
      reason: 'Uploaded',
      message: 'The file is in its bucket.',
      count: 1,
      firstTimestamp: '2026-11-25T09:00:00Z',
      lastTimestamp: '2026-11-25T09:00:00Z',
    });
    expect(await run(['describe', 'rec', 'physics'])).toMatch(/Uploaded[\s\S]*The file is in its bucket\./);
  });

  it('says at once what its user may not do, rather than wait for what never comes', async () => {
    const inside = ['-n', namespace];
    await server.kubectl(['create', 'serviceaccount', 'reader', ...inside]);
    const rights = ['--verb=get,list', '--resource=recordings.tapedeck.dev'];
    await server.kubectl(['create', 'role', 'reader', ...rights, ...inside]);
    const whom = ['--role=reader', `--serviceaccount=${namespace}:reader`];
    await server.kubectl(['create', 'rolebinding', 'reader', ...whom, ...inside]);
    const { stdout: token } = await server.kubectl(['create', 'token', 'reader', ...inside]);
    const config = JSON.parse(await readFile(server.kubeconfig, 'utf8')) as Json;
    const own = path.join(directory, 'reader.json');
    await writeFile(
      own,
      JSON.stringify({ ...config, users: [{ name: 'admin', user: { token: token.trim() } }] }),
    );
    const watching = startAs(own, 'get', 'rec', '-w');
    expect(await watching.exited, watching.output()).toBe(4);
    expect(watching.output()).toMatch(/does not allow it: .*cannot watch resource "recordings"/);
  });

  it('has a storage checked by the operator, and prints its steps', async () => {
    const checking = start('storage', 'check', 'team-bucket');
    let request: string | undefined;
    await until(async () => {
      const { body } = await callApi(server, 'GET', `${group}/externalstorages/team-bucket`);
      const { annotations } = body.metadata as { annotations?: Record<string, string> };
      request = annotations?.['tapedeck.dev/check'];
      return request !== undefined;
    });
    const denied = 'writing is denied: allow s3:PutObject on the prefix';
    await setStatus('externalstorages', 'team-bucket', {
      lastCheck: {
        time: '2026-11-25T09:00:00Z',
        duration: '1.2s',
        request,
        steps: [
          { name: 'Connect', passed: true, duration: '0.012s', message: '' },
          { name: 'Write', passed: false, duration: '0.02s', message: denied },
        ],
      },
      conditions: [condition('Ready', 'False', 'StorageDenied', denied)],
    });
    expect(await checking.exited).toBe(1);
    expect(checking.output()).toContain('✓   Connect   12 ms');
    expect(checking.output()).toContain(`team-bucket: StorageDenied (1.2 s): ${denied}`);
  });

  it('runs a Recording that is over anew, follows it through a restart of the API server, and prints where it is', async () => {
    const running = start('run', '-f', 'all.yaml');
    await until(() => running.output().includes('recording it anew'));
    await until(() => running.output().includes('recording.tapedeck.dev/physics created'));
    await setStatus('recordings', 'physics', { phase: 'Recording' });
    await until(() => running.output().includes('recording/physics Recording'));
    await server.kill();
    await sleep(1_000);
    await server.start();
    await setStatus('recordings', 'physics', uploaded);
    expect(await running.exited, running.output()).toBe(0);
    expect(running.output()).toContain('s3://recordings/physics.mp4');
    expect(running.output()).not.toContain(secretKey);
  });

  it('stops what it follows at Ctrl-C, and waits for it', async () => {
    const running = start('run', '-f', 'all.yaml');
    await until(() => running.output().includes('physics created'));
    await setStatus('recordings', 'physics', { phase: 'Recording' });
    await until(() => running.output().includes('recording/physics Recording'));
    running.process.kill('SIGINT');
    await until(async () => {
      const { body } = await callApi(server, 'GET', `${group}/recordings/physics`);
      return (body.spec as { state?: string }).state === 'Stopped';
    });
    await setStatus('recordings', 'physics', uploaded);
    expect(await running.exited, running.output()).toBe(130);
  });

  it('deletes what a file names and leaves its Secret', async () => {
    expect((await run(['delete', '-f', 'all.yaml'])).trim().split('\n')).toEqual([
      'recording.tapedeck.dev/physics deleted',
      'externalstorage.tapedeck.dev/team-bucket deleted',
    ]);
    expect(await run(['delete', 'rec', 'physics'], 3)).toContain('not found');
    expect(await run(['delete', 'rec', 'physics', '--ignore-not-found'])).toBe('');
    const { status } = await callApi(server, 'GET', `/api/v1/namespaces/${namespace}/secrets/team-bucket`);
    expect(status).toBe(200);
  });

  it('says that a cluster is away', async () => {
    await server.kill();
    expect(await run(['get', 'rec'], 1)).toMatch(
      /the cluster of context test does not answer: .*ECONNREFUSED/,
    );
    await server.start();
  });
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; !(await holds()); ) {
    if (Date.now() > deadline) throw new Error('it did not come to that within 30 s');
    await sleep(50);
  }
}
