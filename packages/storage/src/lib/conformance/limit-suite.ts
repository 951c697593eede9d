import assert from 'node:assert/strict';
import { TapedeckError } from '@tapedeck/core';
import { createDriverStore } from '../create-store.ts';
import { codeOf } from './driver-suite.ts';
import { readObject } from './sample.ts';
import { appendAll, inScenes, quick, unitsFor, withRights } from './scene.ts';
import type { DriverUnderTest, TestApi } from './suite.ts';

/**
 * Bytes that an upload without scratch may hold, in parts: one growing, four on their way and two that wait, of which
 * the last one appended may still be on the way in.
 */
const MAX_PARTS_HELD = 7;

/** What `Upload` promises where the service, the link or the rights set a limit. */
export function describeUploadLimits(subject: DriverUnderTest, api: TestApi): void {
  const it = inScenes(subject, api);

  it('says what to do when the part numbers are used up, and completes what it took', async (scene) => {
    const { driver, partSize, options } = scene;
    const few = { ...driver, capabilities: { ...driver.capabilities, maxParts: 3 } };
    const store = createDriverStore('store', 'conformance', few, { ...quick, partSize });
    const wanted = options();
    const upload = await store.createUpload(wanted);
    const taken: Buffer[] = [];
    let refusal: unknown;
    for (const unit of unitsFor(4, partSize)) {
      refusal = await upload.append(unit).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (refusal !== undefined) break;
      taken.push(unit);
    }
    assert.ok(refusal instanceof TapedeckError && refusal.code === 'NotSupported', String(refusal));
    assert.match(refusal.message, /split the recording/);
    const tail = Buffer.from('the index');
    await upload.finish({ tail });
    const whole = Buffer.concat([...taken, tail]);
    assert.ok(whole.length > partSize);
    assert.ok(whole.equals(await readObject(store, wanted.key)));
    await store.delete(wanted.key);
  });

  it('holds few parts while the server is slow', async ({ store, driver, partSize, options }) => {
    const wanted = options();
    const upload = await store.createUpload(wanted);
    driver.onCall = (operation) => (operation === 'putPart' ? 'Slow' : undefined);
    const units = unitsFor(12, partSize);
    let most = 0;
    for (const unit of units) {
      await upload.append(unit);
      const { bytesAppended, bytesStored } = upload.progress;
      most = Math.max(most, bytesAppended - bytesStored);
    }
    assert.ok(most <= MAX_PARTS_HELD * partSize, `${most} bytes held`);
    driver.onCall = () => undefined;
    await upload.finish();
    assert.ok(Buffer.concat(units).equals(await readObject(store, wanted.key)));
    await store.delete(wanted.key);
  });

  for (const nth of [2, 3]) {
    it(`loses nothing when one call in ${nth}, whichever it is, is throttled`, async (scene) => {
      const { store, driver, partSize, options } = scene;
      let calls = 0;
      driver.onCall = () => (++calls % nth === 0 ? 'Throttled' : undefined);
      const wanted = options();
      const upload = await store.createUpload(wanted);
      const units = unitsFor(4, partSize);
      await appendAll(upload, units);
      await upload.finish();
      assert.ok(Buffer.concat(units).equals(await readObject(store, wanted.key)));
      await store.delete(wanted.key);
    });
  }

  it(
    'gives up opening when nobody answers, and says so',
    async ({ store, driver, options }) => {
      driver.onCall = () => 'Silent';
      assert.equal(await codeOf(store.createUpload(options())), 'StorageTimeout');
    },
    { timeouts: { callMs: 200 }, retry: { ...quick.retry, maxTotalMs: 500 } },
  );

  it('needs no right but to write, even when the answer to the completion is lost', async (scene) => {
    const { driver, partSize, options } = scene;
    const blind = withRights(driver, { mayList: false, mayRead: false });
    const store = createDriverStore('store', 'conformance', blind, { ...quick, partSize });
    const wanted = options();
    const upload = await store.createUpload(wanted);
    const units = unitsFor(2, partSize);
    await appendAll(upload, units);
    let completions = 0;
    driver.onCall = (operation) =>
      operation === 'complete' && completions++ === 0 ? 'AnswerLost' : undefined;
    const whole = Buffer.concat(units);
    assert.equal((await upload.finish()).size, whole.length);
    assert.ok(whole.equals(await readObject(scene.store, wanted.key)));
    await scene.store.delete(wanted.key);
  });
}
