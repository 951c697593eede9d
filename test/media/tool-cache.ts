import { mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where what tests build or fetch is kept between runs; `TAPEDECK_TOOL_CACHE` names its `bin`. */
export function toolCache(...path: readonly string[]): string {
  const bin = process.env.TAPEDECK_TOOL_CACHE ?? join(homedir(), '.cache', 'tapedeck', 'bin');
  return join(bin, '..', ...path);
}

/** How long another process may take to make the same thing before its lock is taken for dead. */
const longestMake = 600_000;

/**
 * Runs `make` unless `isThere`, in one process at a time: test files run side by side and want the same things.
 */
export async function makeOnce(
  lock: string,
  isThere: () => Promise<boolean>,
  make: () => Promise<void>,
): Promise<void> {
  const start = Date.now();
  while (!(await isThere())) {
    await mkdir(join(lock, '..'), { recursive: true });
    const mine = await mkdir(lock).then(
      () => true,
      () => false,
    );
    if (mine) {
      try {
        if (!(await isThere())) await make();
        return;
      } finally {
        await rm(lock, { recursive: true, force: true });
      }
    }
    if (Date.now() - start > longestMake) await rm(lock, { recursive: true, force: true });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
