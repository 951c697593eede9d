import { spawn } from 'node:child_process';

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
