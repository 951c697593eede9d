import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AzureContainer, openContainer } from './azure-container.ts';
import { makeSas } from './azure-sas.ts';
import { freePort } from './free-port.ts';

const program = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 3_000;

/** Azure's own stand-in for Blob Storage, on loopback. */
export interface Azurite {
  /** With the account in the path. */
  readonly endpoint: string;
  readonly port: number;
  readonly account: string;
  readonly accountKey: string;
  readonly connectionString: string;
  /** Exists already. */
  readonly container: string;
  readonly inside: AzureContainer;
  stop(): Promise<void>;
}

export interface AzuriteOptions {
  /** Where what is stored lies; absent: in its memory. */
  readonly directory?: string;
  /** Files in PEM; with them it speaks TLS, and takes tokens of an identity. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export async function startAzurite({ tls, directory }: AzuriteOptions = {}): Promise<Azurite> {
  const account = 'tapedecktest';
  const accountKey = randomBytes(64).toString('base64');
  const container = 'recordings';
  const port = await freePort();
  const origin = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const args = ['--blobHost', '127.0.0.1', '--blobPort', String(port)];
  args.push(...(directory === undefined ? ['--inMemoryPersistence'] : ['--location', directory]));
  args.push('--silent', '--disableTelemetry', '--skipApiVersionCheck');
  if (tls !== undefined) args.push('--cert', tls.cert, '--key', tls.key, '--oauth', 'basic');
  const env = { ...process.env, AZURITE_ACCOUNTS: `${account}:${accountKey}` };
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
    });
  const endpoint = `${origin}/${account}`;
  const all = makeSas({ account, accountKey, permissions: 'rwdlc' });
  const inside = openContainer(endpoint, container, all);
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!said.includes('successfully listen')) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await end(child);
      throw new Error(`azurite did not start on ${endpoint}: ${said}`);
    }
    await sleep(50);
  }
  await inside.create();
  const protocol = tls === undefined ? 'http' : 'https';
  return {
    endpoint,
    port,
    account,
    accountKey,
    connectionString: `DefaultEndpointsProtocol=${protocol};AccountName=${account};AccountKey=${accountKey};BlobEndpoint=${endpoint};`,
    container,
    inside,
    stop: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
