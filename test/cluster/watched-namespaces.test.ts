import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openKubeApi } from '@tapedeck/kube-api';
import { parseSettings, runOperator } from '@tapedeck/operator';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { root } from '../repo/checkout.ts';
import { freePort } from '../servers/free-port.ts';
import { type ApiServer, runProgram, startApiServer } from './api-server.ts';
import { findHelm } from './cluster.ts';
import { findKubernetes } from './kubernetes.ts';
import { accountKubeconfig } from './operator-account.ts';
import { operatorNamespace } from './operator-rights.ts';
import { makeTls } from './tls.ts';

const hookTimeoutMs = 25 * 60_000;
const helm = await findHelm();
const there = helm !== undefined && (await findKubernetes()) !== undefined;
const watched = ['lectures', 'seminars'];

describe.skipIf(!there)('an operator of listed namespaces, with the chart’s own rights', () => {
  let server: ApiServer;
  let directory: string;
  let done: Promise<unknown>;
  const abort = new AbortController();
  const lines: string[] = [];

  beforeAll(async () => {
    server = await startApiServer();
    directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-watched-'));
    for (const name of [operatorNamespace, ...watched, 'elsewhere']) {
      await server.kubectl(['create', 'namespace', name]);
    }
    const set = ['--set', `watchNamespaces={${watched.join(',')}}`];
    const chart = [
      'template',
      'tapedeck',
      `${root}/charts/tapedeck`,
      '-n',
      operatorNamespace,
      '--skip-tests',
    ];
    const rendered = await runProgram(helm ?? '', [...chart, ...set], undefined);
    expect(rendered.stderr).toBe('');
    const applied = await server.kubectl(['apply', '--server-side', '-f', '-'], rendered.stdout);
    expect(applied.stderr).toBe('');
    await server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
    await makeTls(directory, ['IP:127.0.0.1']);
    const settings = parseSettings(
      JSON.stringify({
        watchNamespaces: watched,
        ports: { report: await freePort(), health: await freePort() },
        tlsDirectory: directory,
        recorder: { image: 'tapedeck/recorder:test', network: {} },
      }),
    );
    const log = (event: string, details?: object) => void lines.push(JSON.stringify({ event, ...details }));
    done = runOperator(
      {
        api: openKubeApi(await accountKubeconfig(server, 'tapedeck')),
        settings,
        replica: { namespace: operatorNamespace, pod: 'replica-1', address: '10.0.0.1' },
        log: { info: log, warn: log },
      },
      abort.signal,
    );
  }, hookTimeoutMs);
  afterAll(async () => {
    abort.abort();
    await done;
    await server?.stop();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  });

  const get = async (namespace: string, what: string) =>
    (await server.kubectl(['-n', namespace, 'get', what, '-o', 'jsonpath={.items[*].status}'])).stdout;

  it('answers in each of them and nowhere else', async () => {
    for (const namespace of [...watched, 'elsewhere']) {
      const recording = {
        apiVersion: 'tapedeck.dev/v1alpha1',
        kind: 'Recording',
        metadata: { name: 'physics', namespace },
        spec: { source: { type: 'TestCard' } },
      };
      const { stderr } = await server.kubectl(
        ['apply', '--server-side', '-f', '-'],
        JSON.stringify(recording),
      );
      expect(stderr).toBe('');
    }
    for (const namespace of watched) {
      await vi.waitFor(
        async () => expect(await get(namespace, 'recordings'), lines.join('\n')).toContain('NoStorage'),
        { timeout: 30_000, interval: 100 },
      );
    }
    expect(await get('elsewhere', 'recordings')).toBe('');
    expect(lines.filter((line) => /orbidden/.test(line))).toEqual([]);
  }, 60_000);

  it('starts a check in one of them, with policies before it', async () => {
    const storage = {
      apiVersion: 'tapedeck.dev/v1alpha1',
      kind: 'ExternalStorage',
      metadata: { name: 'team', namespace: 'seminars' },
      spec: { provider: 'S3', s3: { bucket: 'recordings' } },
    };
    await server.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(storage));
    await vi.waitFor(
      async () => {
        const { stdout } = await server.kubectl([
          '-n',
          'seminars',
          'get',
          'jobs,networkpolicies',
          '-o',
          'name',
        ]);
        expect(stdout).toMatch(/job.batch\/check-[\s\S]*networkpolicy.networking.k8s.io\/tapedeck-recorder/);
      },
      { timeout: 30_000, interval: 100 },
    );
    expect(lines.filter((line) => /orbidden/.test(line))).toEqual([]);
  }, 60_000);
});
