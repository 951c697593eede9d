import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunFile, runSpec, type UploadJournal } from '@tapedeck/core';
import { createStore, type Store } from '@tapedeck/storage';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { completeOpenFiles } from './complete-previous.ts';
import { createRunBook } from './run-book.ts';
import { createRunLog } from './run-log.ts';

const names = ['first', 'second'] as const;
const key = 'k_a1.mp4';
let root: string;
let stores: Map<string, Store>;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'tapedeck-previous-'));
  stores = new Map();
  for (const { name, ...storage } of storages()) stores.set(name, await createStore({ name, ...storage }));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const storages = () =>
  names.map((name) => ({
    name,
    spec: { provider: 'Local' as const, local: { directory: join(root, name) } },
    credentials: { type: 'None' as const },
  }));

/** What a process leaves that was killed before it had sent anything. */
async function leaveUpload(name: string): Promise<UploadJournal> {
  const journals: UploadJournal[] = [];
  const upload = await stores.get(name)?.createUpload({
    key,
    contentType: 'video/mp4',
    durabilitySeconds: 5,
    onJournal: (journal) => void journals.push(journal),
  });
  await upload?.close();
  const journal = journals.at(-1);
  if (journal === undefined) throw new Error(`no upload in ${name}`);
  return journal;
}

it.each([0, 3])(
  'drops every upload of a file of %s s that nothing of had arrived anywhere',
  async (seconds) => {
    const dropped = [await leaveUpload('first')];
    const journal = await leaveUpload('second');
    const file: RunFile = {
      ...{
        segment: 1,
        attempt: 1,
        key,
        storage: 'second',
        state: 'Open',
        bytes: 0,
        durationSeconds: seconds,
      },
      ...{ journal, dropped },
    };
    const spec = runSpec.parse({
      ...{ version: 1, mode: 'Finish', id: 'u-2', attempt: 2, desired: 'Stopped', previous: [file] },
      recording: { namespace: 'default', name: 'a', uid: 'u' },
      source: { type: 'TestCard' },
      ...{ video: {}, audio: {}, maxDurationSeconds: 60, splitEverySeconds: 7200, durabilitySeconds: 5 },
      ...{ storages: storages(), storageMode: 'Fallback', fallbackAfterSeconds: 120 },
      ...{ keyBase: 'k', scratch: { directory: join(root, 'scratch'), maxBytes: 1 } },
    });
    const book = createRunBook(spec);
    const failure = await completeOpenFiles(
      {
        ...{ spec, book, log: createRunLog('u-2', () => undefined) },
        interrupt: new AbortController().signal,
        desired: { current: 'Stopped', subscribe: () => () => undefined },
        persist: async () => undefined,
      },
      stores,
    );
    expect(failure).toBeUndefined();
    expect(book.report().files).toEqual([]);
    for (const name of names) expect(readdirSync(join(root, name))).toEqual([]);
  },
);
