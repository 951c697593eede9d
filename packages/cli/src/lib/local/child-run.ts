import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { TapedeckError } from '@tapedeck/core/error';
import { killGroup } from './process-group.ts';
import { identifyProcess, type ProcessIdentity } from './process-identity.ts';

/** The recorder as an argument vector: program and what comes before `run`. */
export type RecorderCommand = readonly [string, ...string[]];

export interface ChildRun {
  readonly process: ProcessIdentity;
  /** Resolves when the process has ended and nothing is left of its group. */
  readonly ended: Promise<{ readonly exitCode?: number; readonly signal?: string }>;
  /** Hands over the document on stdin; resolves too when the process ends before it has taken all of it. */
  deliver(document: string): Promise<void>;
}

/**
 * Starts the recorder as the leader of a session of its own, so that a terminal's Ctrl-C and our own end pass it
 * by, and waits until it is there. Its output goes to the log.
 */
export async function startChildRun(command: RecorderCommand, cwd: string, log: string): Promise<ChildRun> {
  const [program, ...args] = command;
  const output = openSync(log, 'a', 0o600);
  let child: ChildProcess;
  try {
    child = spawn(program, [...args, 'run'], { cwd, detached: true, stdio: ['pipe', output, output] });
  } finally {
    closeSync(output);
  }
  const exited = new Promise<{ exitCode?: number; signal?: string }>((resolve) => {
    child.once('exit', (code, signal) =>
      resolve(code === null ? { signal: signal ?? 'SIGKILL' } : { exitCode: code }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(
        new TapedeckError('Unknown', `the recorder ${program} cannot be started: ${cause.message}`, {
          cause,
        }),
      ),
    );
  });
  const pid = child.pid ?? 0;
  // One that has ended already is identified by its number alone, which is ours until its exit is read.
  const identity = identifyProcess(pid) ?? { pid, started: 'ended' };
  child.unref();
  return {
    process: identity,
    ended: exited.then(async (exit) => {
      await killGroup(identity);
      return exit;
    }),
    deliver: (document) => deliver(child, document),
  };
}

function deliver(child: ChildProcess, document: string): Promise<void> {
  return new Promise((resolve) => {
    const { stdin } = child;
    if (stdin === null) return resolve();
    // EPIPE: it ended without reading; its exit says the rest.
    stdin.once('error', () => resolve());
    stdin.once('close', () => resolve());
    stdin.end(document);
  });
}
