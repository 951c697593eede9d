import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { endedChildrenCpuSeconds, processUsage } from './process-usage.ts';

const sampleMs = 100;

export interface TimedRun {
  readonly wallSeconds: number;
  /** Of the program and what it started, user and system. */
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  readonly output: string;
}

/** Runs a program to its end and says what it took. Nothing else that this process started may end meanwhile. */
export async function timeChild(argv: readonly string[], input = ''): Promise<TimedRun> {
  const [program = '', ...args] = argv;
  const before = await endedChildrenCpuSeconds();
  const startMs = performance.now();
  const child: ChildProcess = spawn(program, args, { stdio: 'pipe' });
  const exited = once(child, 'exit');
  child.stdin?.end(input);
  const said = Promise.all(
    [child.stdout, child.stderr].map(async (stream) => (stream === null ? '' : text(stream))),
  );
  let peakRssBytes = 0;
  const look = async () => {
    peakRssBytes = Math.max(peakRssBytes, (await processUsage(child.pid ?? 0))?.peakRssBytes ?? 0);
  };
  const sampler = setInterval(() => void look(), sampleMs);
  const [code] = await exited;
  const wallSeconds = (performance.now() - startMs) / 1000;
  clearInterval(sampler);
  const [output = '', errors = ''] = await said;
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}:\n${errors.slice(-2000)}`);
  return { wallSeconds, cpuSeconds: (await endedChildrenCpuSeconds()) - before, peakRssBytes, output };
}
