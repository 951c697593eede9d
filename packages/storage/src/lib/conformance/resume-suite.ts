import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import type { CompletedPart, Driver } from '../driver.ts';
import { codeOf, json, put } from './driver-suite.ts';
import { sampleBytes, uniqueKey } from './sample.ts';
import { type DriverUnderTest, smallPartSize, TEST_TIMEOUT_MS, type TestApi, withDriver } from './suite.ts';

const contentType = 'video/mp4';
/** Whole parts of the object that is cut; one more, of a few bytes, follows. */
const WHOLE_PARTS = 2;
/** How often an unfinished part goes out again before it is whole. */
const GROWTHS = 10;

/** What another process makes of an upload that it knows by token and receipts, on the driver itself. */
export function describeResuming(
  subject: DriverUnderTest,
  capabilities: Driver['capabilities'],
  api: TestApi,
): void {
  const it = (name: string, body: (driver: Driver) => Promise<void>) =>
    api.it(name, () => withDriver(subject, body), TEST_TIMEOUT_MS);

  for (let cut = 0; cut <= WHOLE_PARTS; cut++) {
    it(`is cut after ${cut} parts, and gets the others from a process that knows token and receipts`, async (driver) => {
      const key = uniqueKey('resumed.mp4');
      const size = smallPartSize(driver);
      const bytes = sampleBytes(WHOLE_PARTS * size + 1000, 20);
      const putNth = (through: Driver, token: unknown, number: number) => {
        const offset = (number - 1) * size;
        return put(through, token, number, offset, bytes.subarray(offset, offset + size));
      };
      const begun = await driver.begin({ key, contentType });
      const sent: CompletedPart[] = [];
      for (let number = 1; number <= cut; number++) sent.push(await putNth(driver, begun, number));
      const left = json({ token: begun, parts: sent }) as { token: unknown; parts: CompletedPart[] };
      await withDriver(subject, async (other) => {
        const parts = [...left.parts];
        for (let number = cut + 1; number <= WHOLE_PARTS + 1; number++)
          parts.push(await putNth(other, left.token, number));
        assert.equal((await other.complete(left.token, parts)).size, bytes.length);
      });
      assert.ok(bytes.equals(await buffer(await driver.get(key))));
      await driver.delete(key);
    });
  }

  if (!capabilities.replaceParts) return;

  it(`takes the last part ${GROWTHS} times while it grows`, async (driver) => {
    const key = uniqueKey('growing.mp4');
    const size = smallPartSize(driver);
    const bytes = sampleBytes(size + GROWTHS * 1000, 21);
    const token = await driver.begin({ key, contentType });
    const one = await put(driver, token, 1, 0, bytes.subarray(0, size));
    let last = one;
    for (let growth = 1; growth <= GROWTHS; growth++)
      last = await put(driver, token, 2, size, bytes.subarray(size, size + growth * 1000));
    await driver.complete(token, [one, last]);
    assert.ok(bytes.equals(await buffer(await driver.get(key))));
    await driver.delete(key);
  });

  it('never makes an object of a stale put of the last part that arrives late, and is healed by another put', async (driver) => {
    const key = uniqueKey('late.mp4');
    const bytes = sampleBytes(9000, 22);
    const token = await driver.begin({ key, contentType });
    const whole = await put(driver, token, 1, 0, bytes);
    await put(driver, token, 1, 0, bytes.subarray(0, 5000));
    const code = await codeOf(driver.complete(token, [whole]));
    assert.ok(code === 'none' || code === 'PartMismatch', code);
    if (code === 'PartMismatch') await driver.complete(token, [await put(driver, token, 1, 0, bytes)]);
    assert.ok(bytes.equals(await buffer(await driver.get(key))));
    await driver.delete(key);
  });
}
