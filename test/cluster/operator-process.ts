import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../repo/checkout.ts';
import { freePort } from '../servers/free-port.ts';
import { operatorNamespace } from './operator-rights.ts';

/** Beside an API server on two busy cores; a second otherwise. */
const startTimeoutMs = 60_000;
const pollMs = 20;

/** What its image gives it: its heap's share of the 384 MiB that the chart lets it have is 40 %. */
const nodeOptions = ['--max-semi-space-size=4', '--max-old-space-size=154'];
const variables = { MALLOC_ARENA_MAX: '1' };

/** The operator as its image runs it: a process of its own. */
export interface OperatorProcess {
  readonly pid: number;
  /** Where it takes reports while it leads. */
  readonly reportPort: number;
  /** Resolves once it knows everything that exists. */
  ready(): Promise<void>;
  /** Resolves once it reconciles. */
  leads(): Promise<void>;
  /** The sum of all samples of that name; 0 where there are none. */
  metric(name: string): Promise<number>;
  /** By SIGTERM, and waits for its end. Idempotent. */
  stop(): Promise<void>;
  /** By SIGKILL: nothing is given back. */
  kill(): Promise<void>;
}

/** Starts one; `directory` holds a kubeconfig and a directory `tls`. */
export async function startOperatorProcess(directory: string, name: string): Promise<OperatorProcess> {
  const ports = { report: await freePort(), health: await freePort() };
  const config = join(directory, `${name}.json`);
  const tlsDirectory = join(directory, 'tls');
  await writeFile(
    config,
    JSON.stringify({ ports, tlsDirectory, recorder: { image: 'tapedeck/recorder:x' } }),
  );
  const program = [...nodeOptions, join(root, 'operator/dist/bundle/operator.mjs'), config];
  const child = spawn(process.execPath, program, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      ...variables,
      KUBECONFIG: join(directory, 'kubeconfig'),
      TAPEDECK_NAMESPACE: operatorNamespace,
      TAPEDECK_POD_NAME: name,
      TAPEDECK_POD_IP: '10.0.0.1',
    },
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4_000);
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const get = (path: string) => fetch(`http://127.0.0.1:${ports.health}${path}`);

  async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
    const deadline = performance.now() + startTimeoutMs;
    while (!(await holds().catch(() => false))) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the operator ended: ${said}`);
      if (performance.now() > deadline) throw new Error(`the operator is not ${what}: ${said}`);
      await sleep(pollMs);
    }
  }

  async function metric(name: string): Promise<number> {
    const text = await (await get('/metrics')).text();
    const samples = text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'));
    return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    child.kill(signal);
    await exited;
  }

  return {
    pid: child.pid ?? 0,
    reportPort: ports.report,
    ready: () => until(async () => (await get('/readyz')).ok, 'ready'),
    leads: () => until(async () => (await metric('tapedeck_leader')) === 1, 'leading'),
    metric,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}
