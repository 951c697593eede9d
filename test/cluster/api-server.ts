import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../servers/free-port.ts';
import { findKubernetes } from './kubernetes.ts';

/** A machine whose cores are busy; 5 s otherwise. */
const startTimeoutMs = 90_000;
const stopTimeoutMs = 10_000;
const programTimeoutMs = 120_000;

/** What a command of kubectl came to. */
export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A real API server with its etcd and nothing else: no node, no scheduler, so objects stay what they are. */
export interface ApiServer {
  /** Path of a kubeconfig of the group system:masters. */
  readonly kubeconfig: string;
  readonly url: string;
  /** Certificate of the authority, PEM. */
  readonly ca: string;
  /** Of the user admin. */
  readonly token: string;
  kubectl(args: readonly string[], stdin?: string): Promise<KubectlResult>;
  /** The claims of a token of a ServiceAccount, signed by the same authority as if they had ended an hour ago. */
  expired(token: string): string;
  /** `kill -9` of the API server; etcd stays. */
  kill(): Promise<void>;
  /** On the same port, with what etcd has kept. */
  start(): Promise<void>;
  /** Ends both and removes their files. Idempotent. */
  stop(): Promise<void>;
}

/** Starts one on loopback, on ports that the system picks. Ask `findKubernetes` first. `etcd`: absent, the machine's own. */
export async function startApiServer(options: { readonly etcd?: string } = {}): Promise<ApiServer> {
  const bin = await findKubernetes();
  if (bin === undefined) throw new Error('Kubernetes is not there; ask findKubernetes first.');
  const directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-api-'));
  const inside = (name: string) => path.join(directory, name);
  const [port, clientPort, peerPort] = [await freePort(), await freePort(), await freePort()];
  const url = `https://127.0.0.1:${port}`;
  const etcdUrl = `http://127.0.0.1:${clientPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const token = randomBytes(24).toString('hex');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(inside('accounts.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
    mode: 0o600,
  });
  await writeFile(inside('tokens.csv'), `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });

  const etcd = startProgram(options.etcd ?? 'etcd', inside('etcd.log'), [
    ['--data-dir', inside('etcd')],
    ['--unsafe-no-fsync'],
    ['--listen-client-urls', etcdUrl],
    ['--advertise-client-urls', etcdUrl],
    ['--listen-peer-urls', peerUrl],
    ['--initial-advertise-peer-urls', peerUrl],
    ['--initial-cluster', `default=${peerUrl}`],
  ]);
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    server = startProgram(path.join(bin ?? '', 'kube-apiserver'), inside('api-server.log'), [
      ['--etcd-servers', etcdUrl],
      ['--bind-address', '127.0.0.1'],
      ['--advertise-address', '127.0.0.1'],
      ['--secure-port', String(port)],
      // It makes itself a certificate there.
      ['--cert-dir', inside('pki')],
      ['--token-auth-file', inside('tokens.csv')],
      ['--authorization-mode', 'RBAC'],
      ['--service-account-key-file', inside('accounts.key')],
      ['--service-account-signing-key-file', inside('accounts.key')],
      ['--service-account-issuer', 'https://kubernetes.default.svc.cluster.local'],
      ['--service-cluster-ip-range', '10.96.0.0/16'],
      // Loopback may not be an endpoint of a Service, and nobody here asks for that one.
      ['--endpoint-reconciler-type', 'none'],
      // It takes more of etcd than a distribution's older one has, and not all clients do without once it is offered.
      ['--feature-gates', 'WatchList=false'],
    ]);
    const deadline = Date.now() + startTimeoutMs;
    while (!(await isReady())) {
      if (server.exitCode !== null || Date.now() > deadline) {
        const log = await readFile(inside('api-server.log'), 'utf8');
        throw new Error(`kube-apiserver did not start on ${url}: ${log.slice(-2000)}`);
      }
      await sleep(100);
    }
  }

  async function isReady(): Promise<boolean> {
    try {
      await writeKubeconfig();
      return (await kubectl(['get', '--raw', '/readyz'])).code === 0;
    } catch {
      return false; // It has no certificate yet.
    }
  }

  async function writeKubeconfig(): Promise<void> {
    const ca = await readFile(inside('pki/apiserver.crt'), 'base64');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority-data': ca } }],
      users: [{ name: 'admin', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin', namespace: 'default' } }],
      'current-context': 'test',
    };
    await writeFile(inside('kubeconfig'), JSON.stringify(config), { mode: 0o600 });
  }

  function kubectl(args: readonly string[], stdin?: string): Promise<KubectlResult> {
    const all = ['--kubeconfig', inside('kubeconfig'), '--cache-dir', inside('discovery'), ...args];
    return runProgram(path.join(bin ?? '', 'kubectl'), all, stdin);
  }

  const stop = async () => {
    await endProgram(server);
    await endProgram(etcd);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await start();
    return {
      kubeconfig: inside('kubeconfig'),
      url,
      ca: await readFile(inside('pki/apiserver.crt'), 'utf8'),
      token,
      kubectl,
      expired: (text) => resign(text, privateKey, Date.now() / 1000 - 3600),
      start,
      kill: () => endProgram(server, 'SIGKILL'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function resign(token: string, key: KeyObject, end: number): string {
  const [head = '', body = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Record<string, unknown>;
  const exp = Math.floor(end);
  const times = { iat: exp - 600, nbf: exp - 600, exp };
  const signed = `${head}.${Buffer.from(JSON.stringify({ ...claims, ...times })).toString('base64url')}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

/** Options as pairs, in the order they are written; what it says goes to the end of a file. */
export function startProgram(
  program: string,
  log: string,
  options: readonly (readonly string[])[],
): ChildProcess {
  const output = openSync(log, 'a');
  try {
    return spawn(program, options.flat(), { stdio: ['ignore', output, output] });
  } finally {
    closeSync(output);
  }
}

/** Resolves once it has ended; killed where it takes too long. */
export async function endProgram(
  child: ChildProcess | undefined,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  await exited;
  clearTimeout(timer);
}

/** Runs a program to its end; what it says on failure is part of the answer. */
export function runProgram(
  program: string,
  args: readonly string[],
  stdin: string | undefined,
  timeoutMs = programTimeoutMs,
): Promise<KubectlResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [...args],
      { timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number' && error.killed !== true) reject(error);
        else resolve({ code: Number(error?.code ?? (error === null ? 0 : 1)), stdout, stderr });
      },
    );
    child.stdin?.once('error', () => undefined); // It ended without reading: its exit says why.
    child.stdin?.end(stdin ?? '');
  });
}
