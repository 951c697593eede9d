import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process id that means one process only: ids are given again, the time of its start is not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal for the same process, also across boots of the machine. */
  readonly started: string;
}

/** Undefined when no such process runs; one that ended and waits to be reaped does not run. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const started = process.platform === 'linux' ? startedLinux(pid) : startedElsewhere(pid);
  return started === undefined ? undefined : { pid, started };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.started === identity.started;
}

function startedLinux(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // No such process: ENOENT, or ESRCH when it ends in between.
    return undefined;
  }
  // proc(5): pid (comm) state …; comm may hold anything, so count from its closing bracket. Field 22, starttime.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return `${bootId()}:${fields[19]}`;
}

let cachedBootId: string | undefined;
function bootId(): string {
  cachedBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return cachedBootId;
}

function startedElsewhere(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
  } catch {
    // ps exits 1 when there is no such process.
    return undefined;
  }
}
