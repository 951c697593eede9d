import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withFaults } from './conformance/faulty-driver.ts';
import { keepJournal, readObject } from './conformance/sample.ts';
import { quick } from './conformance/scene.ts';
import { createDriverStore } from './create-store.ts';
import { createLocalDriver } from './drivers/local/local-driver.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'tapedeck-journal-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

it.each(['putPart', 'complete'])(
  'leaves no unfinished upload behind where it opened one and %s fails',
  async (operation) => {
    const directory = path.join(root, 'files');
    const scratch = path.join(root, 'scratch');
    const driver = withFaults(
      await createLocalDriver({ spec: { provider: 'Local', local: { directory } }, credentials: {} }),
    );
    const store = createDriverStore('store', '', driver, { ...quick, partSize: 64 * 1024 });
    const journal = keepJournal();
    driver.onCall = () => 'Refused';
    const upload = await store.createUpload({
      key: 'a.mp4',
      contentType: 'video/mp4',
      durabilitySeconds: 0.5,
      onJournal: journal.onJournal,
      openInBackground: true,
      spool: { directory: scratch, maxBytes: 1024 * 1024 },
    });
    const bytes = Buffer.alloc(150 * 1024, 'media');
    await upload.append(bytes);
    await expect(upload.finish({ signal: AbortSignal.timeout(100) })).rejects.toThrow();
    expect(journal.last().token).toBeNull();
    driver.onCall = (asked) => (asked === operation ? 'Denied' : undefined);
    const complete = () => store.completeFromJournal(journal.last(), { spoolDirectory: scratch });
    await expect(complete()).rejects.toMatchObject({ code: 'StorageDenied' });
    expect(await readdir(directory)).toEqual([]);
    driver.onCall = () => undefined;
    await complete();
    expect(bytes.equals(await readObject(store, 'a.mp4'))).toBe(true);
    await store.close();
  },
);
