import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { TapedeckError } from '@tapedeck/core/error';

/** How long a writer waits for another process's transaction, which takes milliseconds. */
const busyTimeoutMs = 10_000;

/** Each entry leads from the version before it to its own (its place, counted from 1). Never edit one that was released. */
const migrations = [
  `
  CREATE TABLE counter (value INTEGER NOT NULL);
  INSERT INTO counter VALUES (0);
  CREATE TABLE resources (
    kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    uid TEXT NOT NULL UNIQUE, generation INTEGER NOT NULL, version INTEGER NOT NULL,
    created TEXT NOT NULL, deleted TEXT,
    labels TEXT, annotations TEXT, spec TEXT NOT NULL, status TEXT,
    -- What the last apply said, for telling a field that was taken out of a file from one that was never in it.
    applied TEXT NOT NULL,
    PRIMARY KEY (kind, namespace, name)
  ) STRICT;
  CREATE INDEX resources_version ON resources (version);
  CREATE TABLE removals (
    version INTEGER PRIMARY KEY, kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL
  ) STRICT;
  CREATE TABLE reports (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    recording TEXT NOT NULL, run TEXT NOT NULL, sequence INTEGER NOT NULL, report TEXT NOT NULL,
    UNIQUE (recording, run)
  ) STRICT;
  CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL,
    type TEXT NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL,
    count INTEGER NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_uid ON events (uid, id);
  `,
  `
  CREATE TABLE secrets (
    namespace TEXT NOT NULL, name TEXT NOT NULL, fingerprint TEXT NOT NULL, PRIMARY KEY (namespace, name)
  ) STRICT;
  `,
];

/**
 * Opens local mode's database, which several processes share. Commits reach the disk before they return: a
 * report that was answered must outlive the machine.
 */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
    migrate(database, path);
    chmodSync(path, 0o600);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function migrate(database: DatabaseSync, path: string): void {
  if (schemaVersion(database) === migrations.length) return;
  transact(database, () => {
    const version = schemaVersion(database);
    if (version > migrations.length) {
      throw new TapedeckError(
        'NotSupported',
        `${path} was written by a newer tapedeck: update this one, or name another directory with --data`,
      );
    }
    for (const step of migrations.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
  });
}

function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version);
}

/** Runs `work` in one transaction that holds the write lock from its start, so what it reads stays true. */
export function transact<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
