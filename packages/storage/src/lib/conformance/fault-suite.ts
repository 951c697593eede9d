import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Driver } from '../driver.ts';
import { readObject } from './sample.ts';
import { appendAll, inScenes, unitsFor } from './scene.ts';
import type { DriverUnderTest, TestApi } from './suite.ts';

/** What `Upload` promises while single calls fail. */
export function describeUploadFaults(
  subject: DriverUnderTest,
  capabilities: Driver['capabilities'],
  api: TestApi,
): void {
  const it = inScenes(subject, api);

  for (const fault of ['Throttled', 'Refused', 'AnswerLost'] as const) {
    it(`loses nothing when every third put is ${fault}`, async ({ store, driver, partSize, options }) => {
      let calls = 0;
      driver.onCall = (operation) => (operation === 'putPart' && ++calls % 3 === 0 ? fault : undefined);
      const wanted = options();
      const upload = await store.createUpload(wanted);
      const units = unitsFor(4, partSize);
      await appendAll(upload, units);
      await upload.finish();
      assert.ok(calls > 4);
      assert.ok(Buffer.concat(units).equals(await readObject(store, wanted.key)));
      await store.delete(wanted.key);
    });
  }

  it('is called off while it opens, and not after that', async ({ store, driver, options }) => {
    driver.onCall = () => 'Silent';
    const called = store.createUpload(options({ signal: AbortSignal.timeout(50) }));
    await assert.rejects(called, { code: 'Aborted' });
    driver.onCall = () => undefined;
    const off = new AbortController();
    const wanted = options({ signal: off.signal });
    const upload = await store.createUpload(wanted);
    off.abort();
    await upload.append(Buffer.from('content'));
    assert.equal((await upload.finish()).size, 7);
    await store.delete(wanted.key);
  });

  it('takes a completion whose answer was lost for what it is', async ({ store, driver, options }) => {
    const wanted = options();
    const upload = await store.createUpload(wanted);
    await upload.append(Buffer.from('content'));
    let calls = 0;
    driver.onCall = (operation) => (operation === 'complete' && calls++ === 0 ? 'AnswerLost' : undefined);
    assert.equal((await upload.finish()).size, 7);
    assert.equal((await readObject(store, wanted.key)).toString(), 'content');
    await store.delete(wanted.key);
  });

  it(
    'gives up a put that nobody answers, and goes on',
    async ({ store, driver, partSize, options }) => {
      const wanted = options();
      const upload = await store.createUpload(wanted);
      let calls = 0;
      driver.onCall = (operation) => (operation === 'putPart' && calls++ < 2 ? 'Silent' : undefined);
      const units = unitsFor(2, partSize);
      await appendAll(upload, units);
      await upload.finish();
      assert.ok(Buffer.concat(units).equals(await readObject(store, wanted.key)));
      await store.delete(wanted.key);
    },
    { timeouts: { callMs: 300, minBytesPerSecond: 64 * 1024 * 1024 } },
  );

  if (capabilities.replaceParts) {
    it('heals an object when a stale put arrives late', async ({ store, driver, partSize, options }) => {
      const wanted = options({ durabilitySeconds: 0.2 });
      const upload = await store.createUpload(wanted);
      const units = unitsFor(2, partSize);
      await appendAll(upload, units.slice(0, 5));
      let held = 0;
      driver.onCall = (operation, number) =>
        operation === 'putPart' && number === 2 && held++ === 0 ? 'Late' : undefined;
      const deadline = Date.now() + 10_000;
      while (held === 0 && Date.now() < deadline) await sleep(10);
      assert.ok(held > 0, 'no provisional part was sent');
      await appendAll(upload, units.slice(5));
      await upload.flush();
      await driver.deliverLate();
      await upload.finish();
      assert.ok(Buffer.concat(units).equals(await readObject(store, wanted.key)));
      await store.delete(wanted.key);
    });
  }
}
