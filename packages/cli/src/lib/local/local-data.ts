import type { DatabaseSync } from 'node:sqlite';
import { type DataDirectory, openDataDirectory } from './data-directory.ts';
import { openDatabase } from './database.ts';
import { createEventLog, type EventLog } from './event-log.ts';
import { createLocalStore, type LocalStore } from './resource-store.ts';

/** Local mode's state, opened: enough for every command that does not run anything. */
export interface LocalData {
  readonly directory: DataDirectory;
  readonly database: DatabaseSync;
  readonly store: LocalStore;
  readonly events: EventLog;
  /** Idempotent. */
  close(): void;
}

export function openLocalData(root: string | undefined): LocalData {
  const directory = openDataDirectory(root);
  const database = openDatabase(directory.database);
  const store = createLocalStore(database);
  return {
    directory,
    database,
    store,
    events: createEventLog(database),
    close() {
      store.close();
      if (database.isOpen) database.close();
    },
  };
}
