import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSpec } from '@tapedeck/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { record } from './record.ts';
import { createRunBook } from './run-book.ts';
import { createRunLog } from './run-log.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tapedeck-record-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it('listens to control no longer when no storage takes the first file', async () => {
  writeFileSync(join(root, 'place'), 'a file where the directory should be');
  const spec = runSpec.parse({
    ...{ version: 1, mode: 'Record', id: 'u-1', attempt: 1, desired: 'Recording', previous: [] },
    recording: { namespace: 'default', name: 'a', uid: 'u' },
    source: { type: 'TestCard' },
    ...{ video: {}, audio: {}, maxDurationSeconds: 60, splitEverySeconds: 7200, durabilitySeconds: 5 },
    ...{ keyBase: 'k', scratch: { directory: join(root, 'scratch'), maxBytes: 1 } },
    storages: [
      {
        name: 'place',
        spec: { provider: 'Local', local: { directory: join(root, 'place', 'below') } },
        credentials: { type: 'None' },
      },
    ],
  });
  let listeners = 0;
  const run = record({
    spec,
    book: createRunBook(spec),
    log: createRunLog(spec.id, () => undefined),
    interrupt: new AbortController().signal,
    desired: {
      current: 'Recording',
      subscribe() {
        listeners++;
        return () => void listeners--;
      },
    },
    persist: async () => undefined,
  });
  await expect(run).rejects.toMatchObject({ fault: 'destination' });
  expect(listeners).toBe(0);
});
