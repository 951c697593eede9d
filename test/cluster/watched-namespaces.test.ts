import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openKubeApi } from '@tapedeck/kube-api';
import { parseSettings, runOperator } from '@tapedeck/operator';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { root } from '../repo/checkout.ts';
import { freePort } from '../servers/free-port.ts';
import { type ApiServer, runProgram, startApiServer } from './api-server.ts';
import { findHelm } from './cluster.ts';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';
import { findKubernetes } from './kubernetes.ts';
import { accountKubeconfig } from './operator-account.ts';
import { operatorNamespace } from './operator-rights.ts';
import { makeTls } from './tls.ts';

const hookTimeoutMs = 25 * 60_000;
const helm = await findHelm();
const there = helm !== undefined && (await findKubernetes()) !== undefined;
const watched = ['lectures', 'seminars'];
/** Listed too, and without a Role when the operator starts. */
const late = 'workshops';

const keptReport = 'reports-7c9e6679-7425-40de-944b-e07fc1f90ae7-1';

/** What tells of the order in which things were made: versions are counted over all objects of one etcd. */
const made = z.object({
  items: z.array(
    z.object({
      kind: z.string(),
      metadata: z.object({
        resourceVersion: z.string(),
        managedFields: z.array(z.object({ operation: z.string() })),
      }),
    }),
  ),
});

describe.skipIf(!there)('an operator of listed namespaces, with the chart’s own rights', () => {
  let server: ApiServer;
  let directory: string;
  let done: Promise<unknown>;
  let proxy: CuttingProxy;
  let health: number;
  const abort = new AbortController();
  const lines: string[] = [];

  beforeAll(async () => {
    server = await startApiServer();
    directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-watched-'));
    proxy = await startCuttingProxy(Number(new URL(server.url).port));
    for (const name of [operatorNamespace, ...watched, late, 'elsewhere']) {
      await server.kubectl(['create', 'namespace', name]);
    }
    const set = ['--set', `watchNamespaces={${[...watched, late].join(',')}}`];
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
    // As it is where a namespace was deleted: its Role went with it.
    await server.kubectl(['-n', late, 'delete', 'rolebinding', 'tapedeck-watched']);
    await server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
    // What an operator before this one kept of a recording there.
    const kept = ['create', 'configmap', keptReport, '--from-literal=unread=yes'];
    await server.kubectl(['-n', operatorNamespace, ...kept]);
    const labels = ['app.kubernetes.io/managed-by=tapedeck', 'app.kubernetes.io/component=reports'];
    await server.kubectl(['-n', operatorNamespace, 'label', 'configmap', keptReport, ...labels]);
    await makeTls(directory, ['IP:127.0.0.1']);
    health = await freePort();
    const settings = parseSettings(
      JSON.stringify({
        watchNamespaces: [...watched, late],
        ports: { report: await freePort(), health },
        tlsDirectory: directory,
        recorder: { image: 'tapedeck/recorder:test', network: {} },
      }),
    );
    const log = (event: string, details?: object) => void lines.push(JSON.stringify({ event, ...details }));
    done = runOperator(
      {
        api: openKubeApi(await accountKubeconfig(server, 'tapedeck', `https://127.0.0.1:${proxy.port}`)),
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
    await proxy?.close();
    await server?.stop();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  });

  const get = async (namespace: string, what: string) =>
    (await server.kubectl(['-n', namespace, 'get', what, '-o', 'jsonpath={.items[*].status}'])).stdout;

  const makeRecording = async (namespace: string, name: string) => {
    const recording = {
      apiVersion: 'tapedeck.dev/v1alpha1',
      kind: 'Recording',
      metadata: { name, namespace },
      spec: { source: { type: 'TestCard' } },
    };
    const { stderr } = await server.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(recording));
    expect(stderr).toBe('');
  };
  const isAnswered = (namespace: string) =>
    vi.waitFor(
      async () => expect(await get(namespace, 'recordings'), lines.join('\n')).toContain('NoStorage'),
      { timeout: 45_000, interval: 100 },
    );
  const refusals = () => lines.filter((line) => /orbidden/.test(line));
  const ask = async (path: string) => await fetch(`http://127.0.0.1:${health}${path}`);
  const isWatched = async (namespace: string) =>
    new RegExp(`tapedeck_namespace_watched\\{watched="${namespace}"\\} (.)`).exec(
      await (await ask('/metrics')).text(),
    )?.[1];
  const bind = async (namespace: string, role: 'tapedeck-watched' | 'none') => {
    await server.kubectl([
      '-n',
      namespace,
      'delete',
      'rolebinding',
      'tapedeck-watched',
      '--ignore-not-found',
    ]);
    if (role === 'none') return;
    const account = `--serviceaccount=${operatorNamespace}:tapedeck`;
    const made = ['create', 'rolebinding', 'tapedeck-watched', `--role=${role}`, account];
    expect((await server.kubectl(['-n', namespace, ...made])).stderr).toBe('');
  };

  it('answers in each of them that it may read and nowhere else, and says which it may not', async () => {
    for (const namespace of [...watched, late, 'elsewhere']) await makeRecording(namespace, 'physics');
    for (const namespace of watched) await isAnswered(namespace);
    expect(await get('elsewhere', 'recordings')).toBe('');
    expect(await get(late, 'recordings')).toBe('');
    expect((await ask('/readyz')).status).toBe(200);
    expect((await ask('/healthz')).status).toBe(200);
    expect(await isWatched('lectures')).toBe('1');
    expect(await isWatched(late)).toBe('0');
    // Its recording may be in the one that cannot be read.
    expect(lines.filter((line) => line.includes('ReportsNotSwept'))).toHaveLength(1);
    const maps = await server.kubectl(['-n', operatorNamespace, 'get', 'configmaps', '-o', 'name']);
    expect(maps.stdout).toContain(keptReport);
    expect(refusals().length).toBeGreaterThan(0);
    expect(refusals().filter((line) => !line.includes(`namespaces/${late}/`))).toEqual([]);
  }, 120_000);

  it('takes up a namespace whose Role is there again', async () => {
    await bind(late, 'tapedeck-watched');
    await isAnswered(late);
    await vi.waitFor(async () => expect(await isWatched(late)).toBe('1'), {
      timeout: 45_000,
      interval: 100,
    });
  }, 120_000);

  it('starts a check in one of them, with policies before it', async () => {
    const before = refusals().length;
    const storage = {
      apiVersion: 'tapedeck.dev/v1alpha1',
      kind: 'ExternalStorage',
      metadata: { name: 'team', namespace: 'seminars' },
      spec: { provider: 'S3', s3: { bucket: 'recordings' } },
    };
    await server.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(storage));
    const all = await vi.waitFor(
      async () => {
        const { stdout } = await server.kubectl([
          '-n',
          'seminars',
          'get',
          'jobs,networkpolicies',
          '-o',
          'json',
          '--show-managed-fields',
        ]);
        const { items } = made.parse(JSON.parse(stdout));
        expect(items.map(({ kind }) => kind).sort()).toEqual(['Job', 'NetworkPolicy', 'NetworkPolicy']);
        return items;
      },
      { timeout: 30_000, interval: 100 },
    );
    // Each is as it was made: written once.
    for (const { metadata } of all) expect(metadata.managedFields).toHaveLength(1);
    const madeAt = (of: string) =>
      all.filter(({ kind }) => kind === of).map(({ metadata }) => Number(metadata.resourceVersion));
    const [job = 0] = madeAt('Job');
    for (const policy of madeAt('NetworkPolicy')) expect(policy).toBeLessThan(job);
    expect(refusals()).toHaveLength(before);
  }, 60_000);

  it('goes on with the others where one is gone, and takes it up when it is back', async () => {
    await bind('lectures', 'none');
    proxy.cut();
    await vi.waitFor(async () => expect(await isWatched('lectures')).toBe('0'), {
      timeout: 45_000,
      interval: 100,
    });
    await makeRecording('lectures', 'chemistry');
    await makeRecording('seminars', 'chemistry');
    await vi.waitFor(
      async () =>
        expect((await get('seminars', 'recordings')).match(/NoStorage/g)?.length).toBeGreaterThan(1),
      { timeout: 30_000, interval: 100 },
    );
    expect((await ask('/readyz')).status).toBe(200);
    expect((await ask('/healthz')).status).toBe(200);
    await bind('lectures', 'tapedeck-watched');
    await vi.waitFor(
      async () => {
        const { stdout } = await server.kubectl([
          ...['-n', 'lectures', 'get', 'recording', 'chemistry', '-o', 'jsonpath={.status}'],
        ]);
        expect(stdout).toContain('NoStorage');
      },
      { timeout: 60_000, interval: 100 },
    );
    // Each kind comes back in its own time.
    await vi.waitFor(async () => expect(await isWatched('lectures')).toBe('1'), {
      timeout: 45_000,
      interval: 100,
    });
  }, 220_000);
});
