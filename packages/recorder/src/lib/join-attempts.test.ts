import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunFile, type RunSpec, runSpec } from '@tapedeck/core';
import { createStore } from '@tapedeck/storage';
import { expect, it } from 'vitest';
import { brokenSegments, joinAttempts, joinedKey } from './join-attempts.ts';
import { createRunBook } from './run-book.ts';
import { createRunLog } from './run-log.ts';

const file = (segment: number, attempt: number, more: Partial<RunFile> = {}): RunFile => ({
  segment,
  attempt,
  key: `k_${segment}_${attempt}`,
  storage: 'here',
  state: 'Complete',
  crc32: '00c0ffee',
  bytes: 1,
  durationSeconds: 1,
  ...more,
});
const keys = (segments: readonly (readonly RunFile[])[]) =>
  segments.map((pieces) => pieces.map(({ key }) => key));

it('joins what several attempts wrote of a segment, and nothing else', () => {
  expect(keys(brokenSegments([file(1, 1), file(2, 1), file(2, 2), file(3, 2)]))).toEqual([
    ['k_2_1', 'k_2_2'],
  ]);
  expect(brokenSegments([file(1, 1), file(2, 1)])).toEqual([]);
});

it('joins for itself what follows each other in one storage', () => {
  const { crc32: _, ...broken } = file(1, 1, { storage: 'there' });
  expect(keys(brokenSegments([broken, file(1, 2), file(1, 3)]))).toEqual([['k_1_1'], ['k_1_2', 'k_1_3']]);
  expect(keys(brokenSegments([broken, file(1, 2), file(1, 3, { storage: 'there' })]))).toEqual([['k_1_1']]);
});

it('joins each copy for itself', () => {
  const copies = [1, 2].flatMap((copy) =>
    [1, 2].map((attempt) => file(1, attempt, { copy, storage: `place-${copy}` })),
  );
  expect(brokenSegments(copies).map((pieces) => pieces.map(({ storage }) => storage))).toEqual([
    ['place-1', 'place-1'],
    ['place-2', 'place-2'],
  ]);
  expect(brokenSegments([file(1, 1, { copy: 1 }), file(1, 1, { copy: 2, storage: 'there' })])).toEqual([]);
});

it('leaves a segment alone that is not whole, or lies in two storages', () => {
  expect(brokenSegments([file(1, 1, { state: 'Open' }), file(1, 2)])).toEqual([]);
  expect(brokenSegments([file(1, 1, { storage: 'there' }), file(1, 2)])).toEqual([]);
});

it('are those too that one attempt left without an index', () => {
  const { crc32: _, ...broken } = file(1, 1);
  expect(keys(brokenSegments([broken, file(2, 2)]))).toEqual([['k_1_1']]);
});

const spec = (directory: string, previous: readonly RunFile[]): RunSpec =>
  runSpec.parse({
    ...{ version: 1, mode: 'Finish', id: 'u-3', attempt: 3, desired: 'Stopped', previous },
    recording: { namespace: 'default', name: 'a', uid: 'u' },
    source: { type: 'TestCard' },
    ...{ video: {}, audio: {}, maxDurationSeconds: 60, splitEverySeconds: 7200, durabilitySeconds: 5 },
    storages: [
      {
        name: 'here',
        spec: { provider: 'Local', local: { directory } },
        credentials: { type: 'None' },
      },
    ],
    ...{ keyBase: 'k', scratch: { directory, maxBytes: 1 } },
  });

it('deletes what a run was killed over, and forgets it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tapedeck-join-'));
  try {
    // The third is gone already.
    const joined = file(1, 2, { key: 'joined', replaces: ['one', 'two', 'three'] });
    const given = spec(directory, [joined]);
    const [storage] = given.storages;
    if (storage === undefined) throw new Error('no storage');
    const store = await createStore(storage);
    for (const key of ['joined', 'one', 'two']) await store.put(key, Buffer.from(key), 'video/mp4');
    const book = createRunBook(given);
    let persisted = 0;
    const context = {
      ...{ spec: given, book, log: createRunLog('u-3', () => undefined) },
      interrupt: new AbortController().signal,
      desired: { current: 'Stopped', subscribe: () => () => undefined } as const,
      persist: async () => {
        persisted += 1;
      },
    };
    await joinAttempts(context, new Map([['here', store]]));
    expect(readdirSync(directory)).toEqual(['joined']);
    const { replaces: _, ...left } = joined;
    expect(book.report().files).toEqual([left]);
    expect(book.report().notices).toEqual([]);
    expect(persisted).toBe(1);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

it('never joins into a file that it reads', () => {
  const given = spec('/', []);
  const usual = joinedKey(given, 1, [file(1, 1), file(1, 2)]);
  expect(usual).toBe('k_joined.mp4');
  expect(joinedKey(given, 1, [file(1, 2, { key: usual }), file(1, 3)])).toBe('k_joined_a3.mp4');
});
