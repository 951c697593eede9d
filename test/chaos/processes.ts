import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a process of a workbench is there for. */
export type Role = 'Control' | 'Recorder' | 'Encoder' | 'Probe' | 'Other';
export const everyRole: readonly Role[] = ['Control', 'Recorder', 'Encoder', 'Probe', 'Other'];

export interface BenchProcess {
  readonly pid: number;
  readonly role: Role;
  readonly arguments: readonly string[];
}

/**
 * Every process of a workbench: whatever was started below its directory or names it. One that has ended and waits
 * to be reaped is not there any more.
 */
export async function processesOf(directory: string): Promise<BenchProcess[]> {
  const found: BenchProcess[] = [];
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    // A process that ends meanwhile has neither: it is not there.
    const workingDirectory = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (text === '' || !(workingDirectory.startsWith(directory) || text.includes(directory))) continue;
    const words = text.split('\0').slice(0, -1);
    found.push({ pid, role: roleOf(words), arguments: words });
  }
  return found;
}

function roleOf(words: readonly string[]): Role {
  const name = basename(words[0] ?? '');
  if (name === 'ffmpeg' || name === 'setpriv') return 'Encoder';
  if (name === 'ffprobe') return 'Probe';
  // Behind node's own options; as tsc makes it, or in one piece.
  const script = words.find((word) => /\.m?js$/.test(word)) ?? '';
  if (/\/recorder(\/dist\/main\.js|\.mjs)$/.test(script)) return 'Recorder';
  const controls = words.some((word) => ['run', 'dev', 'record'].includes(word));
  return /\/(cli\/dist\/main\.js|tapedeck\.mjs)$/.test(script) && controls ? 'Control' : 'Other';
}

/** Sends a signal to every process of these roles; says how many there were. */
export async function signalAll(
  directory: string,
  roles: readonly Role[],
  signal: NodeJS.Signals,
): Promise<number> {
  const those = (await processesOf(directory)).filter(({ role }) => roles.includes(role));
  let sent = 0;
  for (const { pid } of those) {
    try {
      process.kill(pid, signal);
      sent += 1;
    } catch {
      // It ended by itself in the meantime.
    }
  }
  return sent;
}

/** Resolves when no process of these roles is left; rejects with those that are after `timeoutMs`. */
export async function untilGone(directory: string, roles: readonly Role[], timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const left = (await processesOf(directory)).filter(({ role }) => roles.includes(role));
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new Error(`still there: ${JSON.stringify(left)}`);
    await sleep(100);
  }
}
