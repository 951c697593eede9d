import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResourceKey } from '@tapedeck/control';
import type { RunReport } from '@tapedeck/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Appliable } from './apply-merge.ts';
import { openDatabase } from './database.ts';
import { createEventLog } from './event-log.ts';
import { createReportLedger } from './report-ledger.ts';
import { createLocalStore, type LocalStore } from './resource-store.ts';

let directory: string;
let database: ReturnType<typeof openDatabase>;
let store: LocalStore;
const key: ResourceKey = { kind: 'Recording', namespace: 'default', name: 'a' };
const storageKey: ResourceKey = { kind: 'ExternalStorage', namespace: 'default', name: 's' };
const spec = { source: { type: 'TestCard' }, maxDuration: '60s' };

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tapedeck-store-'));
  database = openDatabase(join(directory, 'tapedeck.db'));
  store = createLocalStore(database);
});
afterEach(() => {
  store.close();
  database.close();
  rmSync(directory, { recursive: true, force: true });
});

const apply = async (of: ResourceKey, manifest: Appliable) => (await store.apply([{ key: of, manifest }]))[0];

const get = async () => {
  const found = await store.get('Recording', 'default', 'a');
  if (found === undefined) throw new Error('not there');
  return found;
};

describe('apply', () => {
  it('creates, then leaves alone what did not change', async () => {
    expect(await apply(key, { spec })).toBe('created');
    const first = await get();
    expect(first.metadata).toMatchObject({ name: 'a', namespace: 'default', generation: 1 });
    expect(first.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(await apply(key, { spec })).toBe('unchanged');
    expect((await get()).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it('counts a generation for the spec only', async () => {
    await apply(storageKey, { spec: { provider: 'Local', local: { directory: '/a' } } });
    expect(
      await apply(storageKey, {
        labels: { team: 'x' },
        spec: { provider: 'Local', local: { directory: '/a' } },
      }),
    ).toBe('configured');
    expect(await apply(storageKey, { spec: { provider: 'Local', local: { directory: '/b' } } })).toBe(
      'configured',
    );
    const storage = await store.get('ExternalStorage', 'default', 's');
    expect(storage?.metadata.generation).toBe(2);
    expect(storage?.metadata.labels).toBeUndefined();
  });

  it('takes out what the file held before and holds no more, and keeps what others set', async () => {
    await apply(key, { spec: { ...spec, ttlAfterFinished: '1h' } });
    await store.setState('default', 'a', 'Paused');
    expect(await apply(key, { spec })).toBe('configured');
    expect((await get()).spec).toEqual({ ...spec, state: 'Paused' });
  });

  it.each([
    [{ ...spec, maxDuration: '90s' }, 'spec.maxDuration'],
    [{ ...spec, room: 'x' }, 'spec.room'],
  ])('refuses to change what a Recording is made of: %j', async (next, path) => {
    await apply(key, { spec });
    await expect(apply(key, { spec: next })).rejects.toMatchObject({
      code: 'InvalidManifest',
      message: expect.stringContaining(path),
    });
    expect((await get()).spec).toEqual(spec);
  });

  it('holds a stop to be final', async () => {
    await apply(key, { spec });
    await store.setState('default', 'a', 'Stopped');
    await expect(store.setState('default', 'a', 'Recording')).rejects.toMatchObject({
      code: 'InvalidManifest',
      message: expect.stringContaining('final'),
    });
    expect(await apply(key, { spec })).toBe('unchanged');
    expect((await get()).spec.state).toBe('Stopped');
  });

  it('does all of it or nothing', async () => {
    await apply(key, { spec });
    const others = [
      { key: storageKey, manifest: { spec: { provider: 'Local' } } },
      { key, manifest: { spec: { ...spec, room: 'other' } } },
    ];
    await expect(store.apply(others)).rejects.toMatchObject({ code: 'InvalidManifest' });
    expect(await store.list('ExternalStorage')).toEqual([]);
  });

  it('refuses what is being deleted', async () => {
    await apply(key, { spec });
    await store.requestDeletion(key);
    await expect(apply(key, { spec })).rejects.toMatchObject({ code: 'AlreadyExists' });
  });
});

describe('status, deletion', () => {
  it('writes a status once, and no new version for the same', async () => {
    await apply(key, { spec });
    await store.writeStatus(await get(), { phase: 'Starting' });
    const written = await get();
    await store.writeStatus(written, { phase: 'Starting' });
    expect((await get()).metadata.resourceVersion).toBe(written.metadata.resourceVersion);
    expect((await get()).metadata.generation).toBe(1);
    expect((await get()).status).toEqual({ phase: 'Starting' });
  });

  it('never writes to one that was made anew under the same name', async () => {
    await apply(key, { spec });
    const old = await get();
    await store.remove(key, old.metadata.uid ?? '');
    await apply(key, { spec });
    await store.writeStatus(old, { phase: 'Failed' });
    await store.remove(key, old.metadata.uid ?? '');
    expect((await get()).status).toBeUndefined();
  });

  it('marks once what is to be deleted', async () => {
    await apply(key, { spec });
    await store.requestDeletion(key);
    const { deletionTimestamp } = (await get()).metadata;
    await store.requestDeletion(key);
    expect(deletionTimestamp).toBeDefined();
    expect((await get()).metadata.deletionTimestamp).toBe(deletionTimestamp);
    await expect(store.requestDeletion({ ...key, name: 'b' })).rejects.toMatchObject({ code: 'NotFound' });
  });
});

describe('watch', () => {
  it('tells what is there, what changes here and what another process does', async () => {
    await apply(key, { spec });
    const seen: string[] = [];
    const end = new AbortController();
    store.watch((changed) => seen.push(changed.name), end.signal);
    expect(seen).toEqual(['a']);
    await apply({ ...key, name: 'b' }, { spec });
    await vi.waitFor(() => expect(seen).toEqual(['a', 'b']));

    const script = `
      const { DatabaseSync } = require('node:sqlite');
      const db = new DatabaseSync(process.argv[1], { timeout: 5000 });
      db.exec("BEGIN IMMEDIATE; UPDATE counter SET value = value + 1; UPDATE resources SET spec = '{\\"state\\":\\"Stopped\\"}', version = (SELECT value FROM counter) WHERE name = 'a'; COMMIT");`;
    spawn(process.execPath, ['-e', script, join(directory, 'tapedeck.db')], { stdio: 'inherit' });
    await vi.waitFor(() => expect(seen).toEqual(['a', 'b', 'a']), { timeout: 5_000, interval: 20 });
    expect((await get()).spec).toEqual({ state: 'Stopped' });
    await store.remove({ ...key, name: 'b' }, (await store.list('Recording'))[1]?.metadata.uid ?? '');
    await vi.waitFor(() => expect(seen).toEqual(['a', 'b', 'a', 'b']));
    end.abort();
    await apply({ ...key, name: 'c' }, { spec });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(seen).toHaveLength(4);
  });
});

describe('several processes', () => {
  it('share one file without losing a write', async () => {
    const script = `
      import { openDatabase } from ${JSON.stringify(new URL('./database.ts', import.meta.url).href)};
      import { createLocalStore } from ${JSON.stringify(new URL('./resource-store.ts', import.meta.url).href)};
      const store = createLocalStore(openDatabase(process.argv[1]));
      for (let i = 0; i < 25; i++) await store.apply([{ key: { kind: 'Recording', namespace: 'default', name: process.argv[2] + i }, manifest: { spec: {} } }]);`;
    const run = (prefix: string) =>
      new Promise((resolve) =>
        spawn(
          process.execPath,
          ['--input-type=module', '-e', script, join(directory, 'tapedeck.db'), prefix],
          {
            stdio: 'inherit',
          },
        ).once('exit', resolve),
      );
    expect(await Promise.all([run('x'), run('y')])).toEqual([0, 0]);
    const all = await store.list('Recording');
    expect(all).toHaveLength(50);
    expect(new Set(all.map((each) => each.metadata.resourceVersion)).size).toBe(50);
  });

  it('refuses a file of a newer version', () => {
    database.exec('PRAGMA user_version = 99');
    expect(() => openDatabase(join(directory, 'tapedeck.db'))).toThrow(/newer tapedeck/);
  });
});

describe('report ledger', () => {
  const report = (id: string, sequence: number): RunReport => ({
    version: 1,
    id,
    sequence,
    time: '2026-11-21T10:00:00.000Z',
    state: 'Recording',
    progress: { durationSeconds: 0, bytesRecorded: 0, bytesUploaded: 0, lagSeconds: 0, bitrate: 0 },
    files: [],
    gaps: [],
    pauses: [],
    notices: [],
  });

  it('keeps the newest of each run, by attempt, and ignores an older one', async () => {
    const ledger = createReportLedger(database);
    await ledger.save('u', report('u-2', 0));
    await ledger.save('u', report('u-1', 7));
    await ledger.save('u', report('u-1', 6));
    await ledger.save('other', report('other-1', 1));
    expect((await ledger.load('u')).map(({ id, sequence }) => [id, sequence])).toEqual([
      ['u-1', 7],
      ['u-2', 0],
    ]);
    await ledger.forget('u');
    expect(await ledger.load('u')).toEqual([]);
    expect(await ledger.load('other')).toHaveLength(1);
  });
});

describe('event log', () => {
  it('counts the same thing twice in a row as one', () => {
    const events = createEventLog(database);
    const about = { ...key, uid: 'u' };
    const started = { type: 'Normal', reason: 'Started', message: 'attempt 1' } as const;
    events.record(about, started);
    events.record(about, started);
    events.record(about, { type: 'Warning', reason: 'Ended', message: 'killed' });
    events.record(about, started);
    expect(events.list('u').map(({ reason, count }) => [reason, count])).toEqual([
      ['Started', 2],
      ['Ended', 1],
      ['Started', 1],
    ]);
  });
});
