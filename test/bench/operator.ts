import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { callApi } from '../cluster/api-request.ts';
import { type ApiServer, startApiServer } from '../cluster/api-server.ts';
import { makeOperatorAccount } from '../cluster/operator-account.ts';
import { operatorNamespace } from '../cluster/operator-rights.ts';
import { makeTls } from '../cluster/tls.ts';
import { root } from '../repo/checkout.ts';
import { freePort } from '../servers/free-port.ts';
import { runBench } from './lib/bench.ts';
import { type ProcessUsage, processUsage } from './lib/process-usage.ts';
import { median, percentile } from './lib/verdict.ts';

const { values } = parseArgs({
  options: {
    /** Recordings made one after the other, and all at once. */
    single: { type: 'string', default: '100' },
    burst: { type: 'string', default: '1000' },
    finished: { type: 'string', default: '10000' },
  },
});
const counts = {
  single: Number(values.single),
  burst: Number(values.burst),
  finished: Number(values.finished),
};
/** Requests of ours at the same time. */
const lanes = 32;
const idleSeconds = 20;
const group = '/apis/tapedeck.dev/v1alpha1/namespaces/default';
const apiVersion = 'tapedeck.dev/v1alpha1';

/** The operator on a real API server that has no nodes: how soon there is a Job, and what many resources cost. */
await runBench(
  'operator: a Job for a Recording, 1,000 at once, and 10,000 that have ended',
  async (after) => {
    const server = await startApiServer();
    after(() => server.stop());
    const directory = await mkdtemp(join(tmpdir(), 'tapedeck-bench-operator-'));
    after(() => rm(directory, { recursive: true, force: true }));
    await must(server.kubectl(['apply', '--server-side', '-f', `${root}/charts/tapedeck/files/crds`]));
    await must(server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']));
    await writeFile(join(directory, 'kubeconfig'), await makeOperatorAccount(server));
    await makeTls(join(directory, 'tls'), ['IP:127.0.0.1']);
    const ports = { report: await freePort(), health: await freePort() };
    const config = {
      ports,
      tlsDirectory: join(directory, 'tls'),
      recorder: { image: 'tapedeck/recorder:bench' },
    };
    await writeFile(join(directory, 'config.json'), JSON.stringify(config));
    await makeStorage(server);

    const first = await startOperator(directory, ports.health);
    after(first.stop);

    const latencies: number[] = [];
    for (let index = 0; index < counts.single; index += 1) {
      const begun = performance.now();
      const uid = await makeRecording(server, `single-${index}`);
      while ((await callApi(server, 'GET', jobPath(uid))).status !== 200) await sleep(5);
      latencies.push(performance.now() - begun);
    }

    const begun = performance.now();
    await inLanes(counts.burst, (index) => makeRecording(server, `burst-${index}`));
    const wanted = counts.single + counts.burst;
    while ((await countJobs(server)) < wanted) await sleep(250);
    const burstSeconds = (performance.now() - begun) / 1000;
    await sleep(2_000);
    const jobs = await countJobs(server);

    await inLanes(counts.finished, async (index) => {
      await makeRecording(server, `ended-${index}`, { state: 'Stopped' });
    });
    await first.stop();
    const restarted = performance.now();
    const second = await startOperator(directory, ports.health);
    after(second.stop);
    const syncSeconds = (performance.now() - restarted) / 1000;
    // What had not got its status yet gets it now.
    await untilQuiet(server);
    const before = await usageOf(second.pid);
    const versionBefore = await newestVersion(server);
    await sleep(idleSeconds * 1000);
    const usage = await usageOf(second.pid);
    const cpu = usage.cpuSeconds - before.cpuSeconds;
    const jobsAfter = await countJobs(server);
    return [
      { name: 'Recording → Job, one at a time, p50', value: median(latencies), unit: 'ms' },
      {
        name: 'Recording → Job, one at a time, p99',
        value: percentile(latencies, 0.99),
        unit: 'ms',
        most: 300,
      },
      { name: `${counts.burst} Recordings at once → as many Jobs`, value: burstSeconds, unit: 's', most: 60 },
      { name: 'Jobs too many or too few', value: Math.abs(jobs - wanted), unit: '', most: 0 },
      {
        name: `start beside ${counts.finished + wanted} Recordings → synced`,
        value: syncSeconds,
        unit: 's',
        most: 5,
      },
      { name: 'Jobs that the start made or removed', value: Math.abs(jobsAfter - jobs), unit: '', most: 0 },
      { name: 'memory', value: usage.rssBytes / 1024 / 1024, unit: 'MiB', most: 200 },
      { name: 'CPU when idle', value: (100 * cpu) / idleSeconds, unit: '% of a core', most: 2 },
      {
        name: 'Recordings written when idle',
        value: (await newestVersion(server)) === versionBefore ? 0 : 1,
        unit: '',
        most: 0,
      },
    ];
  },
);

async function must(result: ReturnType<ApiServer['kubectl']>): Promise<void> {
  const { code, stderr } = await result;
  if (code !== 0) throw new Error(stderr);
}

async function startOperator(directory: string, health: number) {
  const program = join(root, 'operator/dist/bundle/operator.mjs');
  const child: ChildProcess = spawn(
    process.execPath,
    ['--max-semi-space-size=4', program, join(directory, 'config.json')],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        KUBECONFIG: join(directory, 'kubeconfig'),
        TAPEDECK_NAMESPACE: operatorNamespace,
        TAPEDECK_POD_NAME: 'bench',
        TAPEDECK_POD_IP: '10.0.0.1',
      },
    },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  const isReady = async () => {
    try {
      return (await fetch(`http://127.0.0.1:${health}/readyz`)).ok;
    } catch {
      return false; // Not listening yet.
    }
  };
  while (!(await isReady())) {
    if (child.exitCode !== null) throw new Error('the operator ended');
    await sleep(20);
  }
  return { pid: child.pid ?? 0, stop };
}

/** Ready, and checked a moment ago: no check is due. */
async function makeStorage(server: ApiServer): Promise<void> {
  const head = { apiVersion, kind: 'ExternalStorage', metadata: { name: 'team' } };
  const spec = { provider: 'S3', s3: { bucket: 'recordings' }, check: { interval: '168h' } };
  const { message } = await callApi(server, 'POST', `${group}/externalstorages`, { ...head, spec });
  if (message !== '') throw new Error(message);
  const time = new Date().toISOString();
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'Ready',
    message: 'Ready.',
    lastTransitionTime: time,
  };
  const status = {
    observedGeneration: 1,
    conditions: [ready],
    lastCheck: { time, duration: '1s', steps: [] },
  };
  await callApi(
    server,
    'PATCH',
    `${group}/externalstorages/team/status`,
    { status },
    'application/merge-patch+json',
  );
}

async function makeRecording(server: ApiServer, name: string, more: object = {}): Promise<string> {
  const { body, message } = await callApi(server, 'POST', `${group}/recordings`, {
    apiVersion,
    kind: 'Recording',
    metadata: { name },
    spec: { source: { type: 'TestCard' }, storage: { refs: [{ name: 'team' }] }, ...more },
  });
  if (message !== '') throw new Error(message);
  return (body.metadata as { uid: string }).uid;
}

const jobPath = (uid: string) => `/apis/batch/v1/namespaces/default/jobs/rec-${uid}-1`;

async function countJobs(server: ApiServer): Promise<number> {
  const { body } = await callApi(server, 'GET', '/apis/batch/v1/namespaces/default/jobs?limit=1');
  const { items, metadata } = body as { items: unknown[]; metadata: { remainingItemCount?: number } };
  return items.length + (metadata.remainingItemCount ?? 0);
}

/** The latest version of any Recording. */
async function newestVersion(server: ApiServer): Promise<number> {
  const { body } = await callApi(server, 'GET', '/apis/tapedeck.dev/v1alpha1/recordings');
  const { items } = body as { items: { metadata: { resourceVersion: string } }[] };
  return Math.max(...items.map(({ metadata }) => Number(metadata.resourceVersion)));
}

async function untilQuiet(server: ApiServer): Promise<void> {
  for (let before = -1; ; ) {
    const now = await newestVersion(server);
    if (now === before) return;
    before = now;
    await sleep(5_000);
  }
}

async function inLanes(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (next < count) await work(next++);
    }),
  );
}

async function usageOf(pid: number): Promise<ProcessUsage> {
  const usage = await processUsage(pid);
  if (usage === undefined) throw new Error('the operator ended');
  return usage;
}
