import { DatabaseSync } from 'node:sqlite';

export interface Leadership {
  /** Idempotent. */
  release(): void;
}

/**
 * Tries to become the one process that controls this data directory; undefined when another one does. The lock
 * is SQLite's own on a file of its own: the kernel takes it back however the process ends, so a dead leader
 * never has to be detected.
 */
export function tryLead(lockPath: string): Leadership | undefined {
  const database = new DatabaseSync(lockPath, { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  return {
    release() {
      if (database.isOpen) database.close();
    },
  };
}

/** Whether some process controls this data directory, if perhaps not yet ready to be talked to. */
export function isLed(lockPath: string): boolean {
  const leadership = tryLead(lockPath);
  leadership?.release();
  return leadership === undefined;
}

/** SQLITE_BUSY, whatever its extension. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5;
}
