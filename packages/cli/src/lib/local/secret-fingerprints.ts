import { createHmac, randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { TapedeckError } from '@tapedeck/core/error';
import type { SecretEntry } from './secret-cache.ts';

const keyBytes = 32;

/** Tells a Secret from what it was when it was given last, also by an earlier process, without keeping it. */
export interface SecretFingerprints {
  /** Of these, those that are other than before, or new. */
  changed(entries: readonly SecretEntry[]): readonly SecretEntry[];
  remember(entries: readonly SecretEntry[]): void;
}

/**
 * A fingerprint is keyed, and the key lies beside the database in a file of its own: a copy of the database alone does
 * not let anybody try out passwords.
 */
export function createSecretFingerprints(database: DatabaseSync, keyFile: string): SecretFingerprints {
  const select = database.prepare('SELECT fingerprint FROM secrets WHERE namespace = ? AND name = ?');
  const upsert = database.prepare(
    'INSERT INTO secrets VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint',
  );
  let key: Buffer | undefined;

  function fingerprint({ namespace, name, values }: SecretEntry): string {
    key ??= readKey(keyFile);
    const sorted = Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return createHmac('sha256', key)
      .update(JSON.stringify([namespace, name, sorted]))
      .digest('hex');
  }

  return {
    changed: (entries) =>
      entries.filter((entry) => select.get(entry.namespace, entry.name)?.fingerprint !== fingerprint(entry)),
    remember(entries) {
      for (const entry of entries) upsert.run(entry.namespace, entry.name, fingerprint(entry));
    },
  };
}

/** Made by whoever comes first, and there as a whole or not at all. */
function readKey(file: string): Buffer {
  const own = `${file}.${randomBytes(8).toString('hex')}`;
  try {
    writeFileSync(own, randomBytes(keyBytes), { flag: 'wx', mode: 0o600 });
    linkSync(own, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(own, { force: true });
  }
  const key = readFileSync(file);
  if (key.length === keyBytes) return key;
  throw new TapedeckError(
    'Unknown',
    `${file} is not as it was made (${key.length} bytes): delete it; the Secrets that are given next then count as new`,
  );
}
