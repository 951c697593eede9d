import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';
import { findGoTool } from './tool.ts';

const run = promisify(execFile);
const tool = { name: 'versitygw', module: 'github.com/versity/versitygw/cmd/versitygw@v1.8.0' };
const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 3_000;

/** An S3 server on loopback; buckets are directories below `directory`. */
export interface VersityGw {
  readonly endpoint: string;
  readonly port: number;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Exists already. */
  readonly bucket: string;
  readonly directory: string;
  createBucket(name: string): Promise<void>;
  /** Somebody without any rights but what a bucket's policy gives (with `users` only). */
  createUser(): Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }>;
  /** `kill -9`; what was stored stays. */
  kill(): Promise<void>;
  /** On the same port and directory; from now on with another key, where one is given. */
  start(secretAccessKey?: string): Promise<void>;
  /** Ends it and removes its directory. */
  stop(): Promise<void>;
}

/** The path of the server's program, or undefined (with a line on stderr) where it cannot be had. */
export function findVersityGw(): Promise<string | undefined> {
  return findGoTool(tool);
}

export async function startVersityGw(
  options: { bucket?: string; directory?: string; users?: boolean } = {},
): Promise<VersityGw> {
  const program = await findVersityGw();
  if (program === undefined) throw new Error('versitygw is not there; ask findVersityGw first.');
  const directory = options.directory ?? (await mkdtemp(path.join(tmpdir(), 'tapedeck-s3-')));
  const bucket = options.bucket ?? 'recordings';
  const region = 'us-east-1';
  const accessKeyId = 'tapedeck-test';
  const secretAccessKey = randomBytes(16).toString('hex');
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const users = options.users ? await mkdtemp(path.join(tmpdir(), 'tapedeck-s3-users-')) : undefined;
  let child: ChildProcess | undefined;

  const start = async (secret: string = secretAccessKey): Promise<void> => {
    const args = [
      '--quiet',
      '--keep-alive',
      '--region',
      region,
      '--port',
      `127.0.0.1:${port}`,
      ...(users === undefined ? [] : ['--iam-dir', users]),
      'posix',
      directory,
    ];
    const env = { ...process.env, ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secret };
    const started = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
    child = started;
    let said = '';
    started.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
    });
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await answers(endpoint))) {
      if (started.exitCode !== null || Date.now() > deadline) {
        started.kill('SIGKILL');
        throw new Error(`versitygw did not start on ${endpoint}: ${said}`);
      }
      await sleep(50);
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const exited = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill(signal);
    const timer = setTimeout(() => ending.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  };
  const createBucket = async (name: string): Promise<void> => {
    // A bucket is a directory of the gateway's own making rules: an empty one is taken as it is.
    await mkdir(path.join(directory, name), { recursive: true });
  };

  const createUser = async () => {
    const user = {
      accessKeyId: randomBytes(8).toString('hex'),
      secretAccessKey: randomBytes(16).toString('hex'),
    };
    const admin = ['admin', '--access', accessKeyId, '--secret', secretAccessKey, '--endpoint-url', endpoint];
    const about = ['--access', user.accessKeyId, '--secret', user.secretAccessKey, '--role', 'user'];
    await run(program, [...admin, 'create-user', ...about]);
    return user;
  };

  await createBucket(bucket);
  await start();
  return {
    endpoint,
    port,
    region,
    accessKeyId,
    secretAccessKey,
    bucket,
    directory,
    createBucket,
    createUser,
    kill: () => end('SIGKILL'),
    start,
    async stop() {
      await end('SIGTERM');
      await rm(directory, { recursive: true, force: true });
      if (users !== undefined) await rm(users, { recursive: true, force: true });
    },
  };
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    await (await fetch(endpoint, { signal: AbortSignal.timeout(1000) })).arrayBuffer();
    return true;
  } catch {
    return false; // Not listening yet.
  }
}
