import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openDatabase } from './database.ts';
import { createSecretFingerprints } from './secret-fingerprints.ts';

function open(directory: string) {
  const database = openDatabase(join(directory, 'tapedeck.db'));
  onTestFinished(() => database.close());
  return createSecretFingerprints(database, join(directory, 'fingerprint.key'));
}
const entry = (password: string, name = 'keys') => ({
  namespace: 'default',
  name,
  values: { username: 'a', password },
});

it('knows a Secret again after a restart, and one that was changed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tapedeck-fingerprints-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const first = open(directory);
  const given = [entry('hunter2'), entry('hunter2', 'others')];
  expect(first.changed(given)).toEqual(given);
  first.remember(given);
  const later = open(directory);
  expect(later.changed(given)).toEqual([]);
  const swapped = { ...entry('hunter2'), values: { password: 'hunter2', username: 'a' } };
  expect(later.changed([swapped])).toEqual([]);
  expect(later.changed([entry('hunter3'), entry('hunter2', 'others')])).toEqual([entry('hunter3')]);
  expect(statSync(join(directory, 'fingerprint.key')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(directory, 'tapedeck.db'), 'latin1')).not.toContain('hunter2');
});

it('refuses a key that was cut short, which would be easy to guess', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tapedeck-fingerprints-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'fingerprint.key'), '');
  expect(() => open(directory).changed([entry('hunter2')])).toThrow(/fingerprint\.key .*0 bytes.*delete it/);
});
