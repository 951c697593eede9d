import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

const running = new Set<ChildProcess>();

// The last resort, when a test run is ended without its hooks.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A child of a test, which never outlives the test's process. */
export interface TestChild {
  readonly process: ChildProcess;
  /** What it said on stdout and stderr, the last 64 KiB. */
  output(): string;
  readonly exited: Promise<number | null>;
  /** Asks with SIGTERM, kills after 2 s; resolves once it is gone. Idempotent. */
  stop(): Promise<void>;
  /** SIGKILL; resolves once it is gone. Idempotent. */
  kill(): Promise<void>;
}

const keptOutput = 65_536;

export function startChild(program: string, args: readonly string[], options: SpawnOptions = {}): TestChild {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output = (output + chunk).slice(-keptOutput);
    });
  }
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      output += `${error.message}\n`;
      running.delete(child);
      resolve(null);
    });
    child.once('exit', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 2_000);
    await exited;
    clearTimeout(timer);
  };
  return {
    process: child,
    output: () => output,
    exited,
    stop: async () => await end('SIGTERM'),
    kill: async () => await end('SIGKILL'),
  };
}

/** Runs a program to its end and gives its standard output as bytes. Rejects with its stderr when it fails. */
export async function runChild(program: string, args: readonly string[]): Promise<Buffer> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const chunks: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-keptOutput);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => running.delete(child));
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${stderr}`);
  return Buffer.concat(chunks);
}
