import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Where X servers and their clients look for each other, whatever TMPDIR says. */
const directory = '/tmp/.X11-unix';

/**
 * As root: there before the first X server is, which would own it as the page's user that it runs as, and so might
 * remove the sockets of all others.
 */
export function makeXSocketDirectory(): void {
  if (process.getuid?.() !== 0 || lstatSync(directory, { throwIfNoEntry: false }) !== undefined) return;
  try {
    mkdirSync(directory, { recursive: true });
    chmodSync(directory, 0o1777);
  } catch {
    // Xvfb says what it lacks, should it lack anything.
  }
}

/** The socket of a display that has just started. `remove` leaves one that another server has made there since. */
export function findXSocket(display: number): { remove(): void } | undefined {
  const path = join(directory, `X${display}`);
  const ours = lstatSync(path, { throwIfNoEntry: false });
  if (ours === undefined) return undefined;
  return {
    remove() {
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found?.ino === ours.ino && found.ctimeMs === ours.ctimeMs) rmSync(path, { force: true });
    },
  };
}
