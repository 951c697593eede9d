import type { DatabaseSync } from 'node:sqlite';
import type { Kind, ResourceKey } from '@tapedeck/control';

/** Asking SQLite whether another process committed is a read of shared memory, about 5 µs. */
const pollMs = 200;

type Listener = (key: ResourceKey) => void;

export interface ChangeFeed {
  /** Calls back once for each resource there is, then for each that changes, whoever changes it. */
  subscribe(listener: Listener, signal: AbortSignal): void;
  /** Looks now instead of at the next poll: for this process's own writes. */
  look(): void;
  close(): void;
}

/** Notices what any process did to the table `resources`. Polls only while somebody listens. */
export function createChangeFeed(database: DatabaseSync): ChangeFeed {
  const dataVersion = database.prepare('PRAGMA data_version');
  const latest = database.prepare('SELECT value FROM counter');
  const changed = database.prepare(`
    SELECT kind, namespace, name, version FROM resources WHERE version > :since
    UNION ALL SELECT kind, namespace, name, version FROM removals WHERE version > :since ORDER BY version`);
  const existing = database.prepare('SELECT kind, namespace, name FROM resources ORDER BY version');
  const listeners = new Set<Listener>();
  let timer: NodeJS.Timeout | undefined;
  let seenVersion = 0;
  let seenData = 0;
  let scheduled: NodeJS.Immediate | undefined;

  const toKey = (row: Record<string, unknown>): ResourceKey => ({
    kind: row.kind as Kind,
    namespace: String(row.namespace),
    name: String(row.name),
  });

  function look(): void {
    if (listeners.size === 0) return;
    for (const row of changed.all({ since: seenVersion })) {
      seenVersion = Math.max(seenVersion, Number(row.version));
      const key = toKey(row);
      for (const listener of [...listeners]) listener(key);
    }
  }

  function poll(): void {
    const data = Number(dataVersion.get()?.data_version);
    if (data === seenData) return;
    seenData = data;
    look();
  }

  function leave(listener: Listener): void {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    subscribe(listener, signal) {
      if (signal.aborted) return;
      if (listeners.size === 0) {
        seenVersion = Number(latest.get()?.value);
        seenData = Number(dataVersion.get()?.data_version);
        timer = setInterval(poll, pollMs);
      }
      listeners.add(listener);
      signal.addEventListener('abort', () => leave(listener), { once: true });
      for (const row of existing.all()) listener(toKey(row));
    },
    look() {
      // Not within the caller's own call: a listener must not run in the middle of whoever writes.
      if (listeners.size === 0 || scheduled !== undefined) return;
      scheduled = setImmediate(() => {
        scheduled = undefined;
        look();
      });
    },
    close() {
      clearInterval(timer);
      clearImmediate(scheduled);
      listeners.clear();
    },
  };
}
