import type { ChildProcess, StdioOptions } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { findTie } from '@tapedeck/encoder';
import type { PageUser } from './page-user.ts';

/** A program that a page's recording needs beside it. */
export interface PageChild {
  readonly process: ChildProcess;
  /** Resolves with how it ended; never rejects. */
  readonly ended: Promise<string>;
  /** What it said last on stderr. */
  words(): string;
  /** Kills it and all that it has started; resolves once it is gone. */
  end(): Promise<void>;
}

interface PageChildOptions {
  readonly user: PageUser;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Beside the standard three; stderr is always read. */
  readonly extra?: readonly 'pipe'[];
  /** How long it may tidy up when it is ended, before it is killed; absent: it is killed at once. */
  readonly graceMs?: number;
}

/** Of stderr, in characters: enough for what a program says when it cannot start. */
const keptWords = 4_096;

/** Starts a program that ends with this process, as the leader of a group of its own. */
export async function startPageChild(
  program: string,
  args: readonly string[],
  { user, env, cwd, extra = [], graceMs = 0 }: PageChildOptions,
): Promise<PageChild> {
  const spawnTied = await findTie();
  const stdio: StdioOptions = ['ignore', 'ignore', 'pipe', ...extra];
  const child = spawnTied(program, args, { stdio, detached: true, env, cwd, ...user.identity });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(-keptWords);
  });
  let over = false;
  const ended = new Promise<string>((resolve) => {
    const finish = (how: string) => {
      over = true;
      resolve(how);
    };
    child.once('error', (error) => finish(error.message));
    child.once('exit', (code, signal) => finish(signal === null ? `exit code ${code}` : signal));
  });
  return {
    process: child,
    ended,
    words: () => said.trim().split('\n').slice(-3).join(' | '),
    async end() {
      if (graceMs > 0 && child.kill('SIGTERM'))
        await Promise.race([ended, delay(graceMs, undefined, { ref: false })]);
      killGroup(child, over);
      await ended;
      child.stderr?.destroy();
    },
  };
}

function killGroup(child: ChildProcess, over: boolean): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nobody is left of the group, or it is not yet the leader of one.
    if (!over) child.kill('SIGKILL');
  }
}
