import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { TapedeckError } from '@tapedeck/core';
import type { Driver } from '../driver.ts';
import { codeOf } from './driver-suite.ts';
import { readObject } from './sample.ts';
import { appendAll, inScenes, unitsFor } from './scene.ts';
import type { DriverUnderTest, TestApi } from './suite.ts';

/** What `Upload` promises while the storage is away. */
export function describeSpooling(
  subject: DriverUnderTest,
  capabilities: Driver['capabilities'],
  api: TestApi,
): void {
  const it = inScenes(subject, api);

  it('spools while the storage is away, and delivers all when it is back', async (scene) => {
    const { store, driver, partSize, options, scratch } = scene;
    const wanted = options({ spool: { directory: scratch, maxBytes: 100 * partSize } });
    const upload = await store.createUpload(wanted);
    const units = unitsFor(8, partSize);
    await upload.append(units[0] ?? Buffer.alloc(0));
    await upload.flush();
    driver.onCall = () => 'Refused';
    await appendAll(upload, units.slice(1));
    const { trouble, bytesSpooled } = upload.progress;
    assert.equal(trouble?.code, 'StorageUnreachable');
    assert.ok(bytesSpooled >= 4 * partSize, `${bytesSpooled} bytes spooled`);
    driver.onCall = () => undefined;
    await upload.flush();
    assert.equal(upload.progress.trouble, undefined);
    await upload.finish();
    assert.ok(Buffer.concat(units).equals(await readObject(store, wanted.key)));
    assert.deepEqual(await readdir(scratch), []);
    await store.delete(wanted.key);
  });

  it('leaves on scratch all that another process needs when the storage stays away at the end', async (scene) => {
    const { store, driver, partSize, options, scratch, journal } = scene;
    const wanted = options({ spool: { directory: scratch, maxBytes: 100 * partSize } });
    const upload = await store.createUpload(wanted);
    const units = unitsFor(6, partSize);
    await appendAll(upload, units.slice(0, 9));
    await upload.flush();
    driver.onCall = () => 'Refused';
    await appendAll(upload, units.slice(9));
    const head = capabilities.rewriteFirstPart ? Buffer.alloc(64, 'head') : Buffer.alloc(0);
    const finish = upload.finish({
      ...(head.length > 0 && { head }),
      tail: Buffer.from('tail'),
      signal: AbortSignal.timeout(300),
    });
    const error = await finish.then(
      () => undefined,
      (cause: unknown) => TapedeckError.from(cause),
    );
    assert.equal(error?.retry, 'wait');
    await scene.elsewhere(async (other) => {
      await other.completeFromJournal(journal.last(), { spoolDirectory: scratch });
      const bytes = Buffer.concat([...units, Buffer.from('tail')]);
      head.copy(bytes);
      assert.ok(bytes.equals(await readObject(other, wanted.key)));
      await other.delete(wanted.key);
    });
    assert.deepEqual(await readdir(scratch), []);
  });

  it('says when scratch is used up, and still completes what it took', async (scene) => {
    const { store, driver, partSize, options, scratch } = scene;
    const wanted = options({ spool: { directory: scratch, maxBytes: 3 * partSize } });
    const upload = await store.createUpload(wanted);
    driver.onCall = () => 'Refused';
    const units = unitsFor(12, partSize);
    let taken = 0;
    const code = await codeOf(
      (async () => {
        for (const unit of units) {
          await upload.append(unit);
          taken++;
        }
      })(),
    );
    assert.equal(code, 'SpoolFull');
    assert.ok(taken >= 12 && taken < units.length, `${taken} of ${units.length} units`);
    driver.onCall = () => undefined;
    await upload.finish();
    assert.ok(Buffer.concat(units.slice(0, taken)).equals(await readObject(store, wanted.key)));
    await store.delete(wanted.key);
  });

  it('waits instead where there is no scratch', async ({ store, driver, partSize, options }) => {
    const wanted = options();
    const upload = await store.createUpload(wanted);
    driver.onCall = () => 'Refused';
    const units = unitsFor(6, partSize);
    const appending = appendAll(upload, units);
    await sleep(300);
    assert.ok(
      upload.progress.bytesAppended <= 5 * partSize,
      `${upload.progress.bytesAppended} bytes in memory`,
    );
    driver.onCall = () => undefined;
    await appending;
    await upload.finish();
    assert.ok(Buffer.concat(units).equals(await readObject(store, wanted.key)));
    await store.delete(wanted.key);
  });

  it('opens later when the storage is away at the start of a next file', async (scene) => {
    const { store, driver, partSize, options, scratch, journal } = scene;
    const wanted = options({
      openInBackground: true,
      spool: { directory: scratch, maxBytes: 100 * partSize },
    });
    driver.onCall = () => 'Refused';
    const upload = await store.createUpload(wanted);
    assert.equal(journal.last().token, null);
    const units = unitsFor(5, partSize);
    await appendAll(upload, units);
    driver.onCall = () => undefined;
    await upload.finish();
    assert.ok(Buffer.concat(units).equals(await readObject(store, wanted.key)));
    await store.delete(wanted.key);
  });

  it('keeps all on scratch while the storage refuses, where that counts as being away', async (scene) => {
    const { store, driver, partSize, options, scratch, journal } = scene;
    const wanted = options({
      openInBackground: true,
      refusedIsAway: true,
      spool: { directory: scratch, maxBytes: 100 * partSize },
    });
    driver.onCall = () => 'Denied';
    const upload = await store.createUpload(wanted);
    assert.equal(journal.last().token, null);
    const units = unitsFor(6, partSize);
    await appendAll(upload, units);
    assert.equal(upload.progress.trouble?.code, 'StorageDenied');
    assert.equal(await codeOf(upload.finish({ tail: Buffer.from('tail') })), 'StorageDenied');
    driver.onCall = () => undefined;
    await scene.elsewhere(async (other) => {
      await other.completeFromJournal(journal.last(), { spoolDirectory: scratch });
      assert.ok(Buffer.concat([...units, Buffer.from('tail')]).equals(await readObject(other, wanted.key)));
      await other.delete(wanted.key);
    });
    assert.deepEqual(await readdir(scratch), []);
  });

  it('tries a storage that refused once more at the end, where that counts as being away', async (scene) => {
    const { store, driver, partSize, options, scratch } = scene;
    const wanted = options({
      openInBackground: true,
      refusedIsAway: true,
      spool: { directory: scratch, maxBytes: 100 * partSize },
    });
    const units = unitsFor(6, partSize);
    for (const refusedFromTheStart of [true, false]) {
      const key = `${wanted.key}-${refusedFromTheStart}`;
      if (refusedFromTheStart) driver.onCall = () => 'Denied';
      const upload = await store.createUpload({ ...wanted, key });
      await appendAll(upload, units.slice(0, 6));
      driver.onCall = () => 'Denied';
      await appendAll(upload, units.slice(6));
      driver.onCall = () => undefined;
      await upload.finish();
      assert.ok(Buffer.concat(units).equals(await readObject(store, key)));
      await store.delete(key);
    }
  });
}
