import { readdir, readFile } from 'node:fs/promises';

/** Of Linux' clock in /proc, per second: fixed by its interface with programs. */
const ticksPerSecond = 100;

/** What a living process has used so far, by /proc (Linux only). */
export interface ProcessUsage {
  /** User and system time of its own. */
  readonly cpuSeconds: number;
  /** The same of all its children that have ended and were waited for, and of theirs. */
  readonly endedChildrenCpuSeconds: number;
  readonly rssBytes: number;
  /** The most it ever was. */
  readonly peakRssBytes: number;
  /** Sent to a disk, or dirtied to be. */
  readonly diskBytesWritten: number;
}

/** Undefined once the process has ended. */
export async function processUsage(pid: number | 'self'): Promise<ProcessUsage | undefined> {
  try {
    const [stat, status, io] = await Promise.all(
      ['stat', 'status', 'io'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')),
    );
    // A process that has ended and is not waited for yet has no memory any more.
    if (!status?.includes('VmRSS:')) return undefined;
    // The name in brackets may hold anything; fields are counted from behind it (proc(5): utime is number 14).
    const fields = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ');
    const ticks = (from: number) => (Number(fields[from - 3]) + Number(fields[from - 2])) / ticksPerSecond;
    return {
      cpuSeconds: ticks(14),
      endedChildrenCpuSeconds: ticks(16),
      rssBytes: kibibytes(status, 'VmRSS'),
      peakRssBytes: kibibytes(status, 'VmHWM'),
      diskBytesWritten: Number(/^write_bytes: (\d+)/m.exec(io ?? '')?.[1]),
    };
  } catch {
    return undefined; // It ended, before or between the three.
  }
}

function kibibytes(status: string | undefined, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status ?? '')?.[1]) * 1024;
}

/** Pids of a process's children, and of theirs. */
export async function descendants(pid: number): Promise<number[]> {
  const found: number[] = [];
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  for (const thread of threads) {
    const text = await readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '');
    for (const child of text.split(' ').filter((word) => word !== '')) {
      found.push(Number(child), ...(await descendants(Number(child))));
    }
  }
  return found;
}

/** CPU of a process and everything below it, living or ended. */
export async function treeCpuSeconds(pid: number): Promise<number> {
  const usages = await Promise.all([pid, ...(await descendants(pid))].map(processUsage));
  return usages.reduce((sum, one) => sum + (one ? one.cpuSeconds + one.endedChildrenCpuSeconds : 0), 0);
}

/** CPU of all children of this very process that have ended: the difference around a child is all that it took. */
export async function endedChildrenCpuSeconds(): Promise<number> {
  return (await processUsage('self'))?.endedChildrenCpuSeconds ?? Number.NaN;
}
