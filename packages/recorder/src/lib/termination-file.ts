import { writeFile } from 'node:fs/promises';
import type { RunLog } from './run-log.ts';

/**
 * Writes what the kubelet hands on as the container's termination message. The file is a mount of its own: it cannot be
 * replaced, only written into.
 */
export async function writeTermination(
  path: string | undefined,
  message: string | undefined,
  log?: Pick<RunLog, 'warn'>,
): Promise<void> {
  if (path === undefined || message === undefined) return;
  try {
    await writeFile(path, message);
  } catch (error) {
    // The same was reported before, or the launcher sees that nothing came.
    log?.warn('NoTerminationMessage', { message: String(error) });
  }
}
