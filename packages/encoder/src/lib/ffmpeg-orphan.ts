import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { findSetpriv } from './ffmpeg-program.ts';

/** Spawns a program that does not outlive this process, however that ends. Any other option is `spawn`'s own. */
export type SpawnTied = (program: string, args: readonly string[], options: SpawnOptions) => ChildProcess;

/** The best way that this machine has: the kernel's own, or a guard that waits for our end. */
export async function findTie(): Promise<SpawnTied> {
  const setpriv = await findSetpriv();
  if (setpriv !== undefined)
    return (program, args, options) =>
      spawn(setpriv, ['--pdeathsig', 'KILL', '--', program, ...args], options);
  return (program, args, options) => {
    const child = spawn(program, [...args], options);
    if (child.pid === undefined) return child;
    const guard = guardOrphan(child.pid);
    child.once('close', () => guard.close());
    return child;
  };
}

/**
 * Where the kernel cannot be asked to end a child with its parent: a shell that waits at a pipe from us, which
 * closes when we die however that happens, and then kills the child. `close` it once the child is gone.
 */
export function guardOrphan(pid: number): { close(): void } {
  const shell = spawn('/bin/sh', ['-c', 'read -r _; kill -9 "$1"', 'sh', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.on('error', () => undefined); // Without a shell there is no guard; the broken output pipe remains.
  shell.stdin.on('error', () => undefined); // It is gone already when we close it.
  return {
    close() {
      shell.kill('SIGKILL');
      shell.stdin.destroy();
    },
  };
}
