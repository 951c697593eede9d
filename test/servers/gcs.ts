import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { type GcsDouble, type GcsDoubleOptions, startGcsDouble } from './gcs-double.ts';
import { findGoTool } from './tool.ts';

const tool = { name: 'fake-gcs-server', module: 'github.com/fsouza/fake-gcs-server@v1.56.1' };
const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 3_000;

/** fake-gcs-server with the double in front of it: `endpoint` is the double's. */
export interface GcsServer extends GcsDouble {
  /** Exists already. */
  readonly bucket: string;
  /** fake-gcs-server itself, which asks nobody who they are. */
  readonly behind: string;
}

/** The path of the server's program, or undefined (with a line on stderr) where it cannot be had. */
export function findFakeGcs(): Promise<string | undefined> {
  return findGoTool(tool);
}

export async function startGcs(options: Partial<Omit<GcsDoubleOptions, 'server'>> = {}): Promise<GcsServer> {
  const program = await findFakeGcs();
  if (program === undefined) throw new Error('fake-gcs-server is not there; ask findFakeGcs first.');
  const bucket = options.bucket ?? 'recordings';
  const port = await freePort();
  const behind = `http://127.0.0.1:${port}`;
  const args = ['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), '-backend', 'memory'];
  const child = spawn(program, [...args, '-external-url', behind, '-log-level', 'error'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  try {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await createBucket(behind, bucket))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`fake-gcs-server did not start on ${behind}: ${said}`);
      }
      await sleep(50);
    }
    const double = await startGcsDouble({ ...options, server: behind, bucket });
    return {
      ...double,
      get openUploads() {
        return double.openUploads;
      },
      bucket,
      behind,
      async close() {
        await double.close();
        await stop(child);
      },
    };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

async function createBucket(server: string, name: string): Promise<boolean> {
  try {
    const answer = await fetch(`${server}/storage/v1/b?project=tapedeck-test`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name }),
      signal: AbortSignal.timeout(1000),
    });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false; // Not listening yet.
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
