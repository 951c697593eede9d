import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { TapedeckError } from '@tapedeck/core';
import type { CompletedPart, Driver, ObjectInfo, UploadToken } from '../driver.ts';
import { MAX_KEY_BYTES } from '../key.ts';
import { sampleBytes, uniqueKey } from './sample.ts';
import { type DriverUnderTest, smallPartSize, TEST_TIMEOUT_MS, type TestApi, withDriver } from './suite.ts';

/** Names that some service or some path of ours could get wrong. */
const oddNames = [
  'with space.mp4',
  'plus+and&amp.mp4',
  'percent%20sign.mp4',
  'hash#and?question.mp4',
  'ünïcødé-日本語-🎥.mp4',
  'quote\'and"double.mp4',
  'dots..in...a.name.mp4',
  '...three.dots.first',
  'semi;colon=equals,comma.mp4',
  'a/b/c/deep.mp4',
  '.hidden',
  'tilde~(and)[brackets]{braces}.mp4',
];

/** S3's limit, which no other service undercuts: 1,024 bytes of UTF-8 in all, in names short enough for a file system. */
function longestKey(): string {
  const key = `${uniqueKey('long')}/${Array.from({ length: 5 }, () => '録'.repeat(64)).join('/')}/`;
  return key + 'x'.repeat(MAX_KEY_BYTES - Buffer.byteLength(key));
}

const contentType = 'video/mp4';

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    assert.ok(error instanceof TapedeckError, `not a TapedeckError: ${String(error)}`);
    return error.code;
  }
}

/** Puts a part in two views, as a recording's part is made of many. */
export async function put(
  driver: Driver,
  token: UploadToken,
  number: number,
  offset: number,
  bytes: Buffer,
): Promise<CompletedPart> {
  const size = bytes.length;
  const half = Math.floor(size / 2);
  const views = [bytes.subarray(0, half), bytes.subarray(half)];
  const receipt = await driver.putPart(token, { number, offset, size, bytes: views });
  return { number, offset, size, receipt };
}

async function collect(objects: AsyncIterable<ObjectInfo>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of objects) keys.push(key);
  return keys;
}

/** What another process gets of it. */
export const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** What `Driver` promises, on the driver itself. */
export function describeDriverCalls(
  subject: DriverUnderTest,
  capabilities: Driver['capabilities'],
  api: TestApi,
): void {
  const it = (name: string, body: (driver: Driver) => Promise<void>) =>
    api.it(name, () => withDriver(subject, body), TEST_TIMEOUT_MS);

  it('makes an object of parts, and shows nothing before', async (driver) => {
    const key = uniqueKey('parts.mp4');
    const size = smallPartSize(driver);
    const bytes = sampleBytes(size + 1000, 1);
    const token = await driver.begin({ key, contentType });
    const parts = [
      await put(driver, token, 1, 0, bytes.subarray(0, size)),
      await put(driver, token, 2, size, bytes.subarray(size)),
    ];
    assert.equal(await codeOf(driver.head(key)), 'NotFound');
    const info = await driver.complete(token, parts);
    assert.equal(info.size, bytes.length);
    assert.equal((await driver.head(key)).size, bytes.length);
    assert.ok(bytes.equals(await buffer(await driver.get(key))));
    assert.ok(bytes.subarray(10, 20).equals(await buffer(await driver.get(key, [10, 20]))));
    await driver.delete(key);
    assert.equal(await codeOf(driver.head(key)), 'NotFound');
  });

  for (const [name, size] of [
    ['no byte', () => 0],
    ['one byte', () => 1],
    ['exactly one part', smallPartSize],
  ] as const) {
    it(`makes an object of ${name}`, async (driver) => {
      const key = uniqueKey('small.mp4');
      const bytes = sampleBytes(size(driver), 2);
      const token = await driver.begin({ key, contentType });
      await driver.complete(token, [await put(driver, token, 1, 0, bytes)]);
      assert.ok(bytes.equals(await buffer(await driver.get(key))));
      await driver.delete(key);
    });
  }

  it('goes on from a token and receipts that were written down, without secrets in them', async (driver) => {
    const key = uniqueKey('token.mp4');
    const bytes = sampleBytes(1000, 3);
    const token = json(await driver.begin({ key, contentType }));
    const part = json(await put(driver, token, 1, 0, bytes)) as CompletedPart;
    const said = JSON.stringify([token, part, driver.url(key), driver.endpoint ?? '']);
    for (const secret of subject.secrets ?? []) assert.ok(!said.includes(secret), 'a secret is in the token');
    await withDriver(subject, async (other) => {
      await other.complete(token, [part]);
    });
    assert.ok(bytes.equals(await buffer(await driver.get(key))));
    await driver.delete(key);
  });

  it('completes with a receipt that was told before the put, where it can', async (driver) => {
    if (driver.predictReceipt === undefined) return;
    const key = uniqueKey('predicted.mp4');
    const bytes = sampleBytes(3000, 17);
    const token = await driver.begin({ key, contentType });
    const receipt = json(driver.predictReceipt({ number: 1, offset: 0, size: 3000, bytes: [bytes] }));
    const part = await put(driver, token, 1, 0, bytes);
    await driver.complete(token, [{ ...part, receipt }]);
    assert.ok(bytes.equals(await buffer(await driver.get(key))));
    await driver.delete(key);
  });

  if (capabilities.replaceParts) {
    it('replaces a part that is put again, longer or shorter', async (driver) => {
      const key = uniqueKey('replaced.mp4');
      const size = smallPartSize(driver);
      const first = sampleBytes(size, 4);
      const token = await driver.begin({ key, contentType });
      const one = await put(driver, token, 1, 0, first);
      let two = await put(driver, token, 2, size, sampleBytes(500, 5));
      for (const length of [900, 700]) {
        const bytes = sampleBytes(length, length);
        two = await put(driver, token, 2, size, bytes);
      }
      await driver.complete(token, [one, two]);
      const expected = Buffer.concat([first, sampleBytes(700, 700)]);
      assert.ok(expected.equals(await buffer(await driver.get(key))));
      await driver.delete(key);
    });

    it('never takes a stale receipt for another length', async (driver) => {
      const key = uniqueKey('stale.mp4');
      const token = await driver.begin({ key, contentType });
      const stale = await put(driver, token, 1, 0, sampleBytes(500, 6));
      await put(driver, token, 1, 0, sampleBytes(900, 7));
      const code = await codeOf(driver.complete(token, [stale]));
      assert.ok(code === 'PartMismatch' || (await driver.head(key)).size === 500, code);
      await driver.abort(token);
      await driver.delete(key);
    });
  }

  if (capabilities.rewriteFirstPart) {
    it('takes part 1 again after others', async (driver) => {
      const key = uniqueKey('head.mp4');
      const size = smallPartSize(driver);
      const token = await driver.begin({ key, contentType });
      await put(driver, token, 1, 0, sampleBytes(size, 8));
      const two = await put(driver, token, 2, size, sampleBytes(100, 9));
      const one = await put(driver, token, 1, 0, sampleBytes(size, 10));
      await driver.complete(token, [one, two]);
      const expected = Buffer.concat([sampleBytes(size, 10), sampleBytes(100, 9)]);
      assert.ok(expected.equals(await buffer(await driver.get(key))));
      await driver.delete(key);
    });
  }

  it('refuses a zombie once the upload is complete, and completes twice or says that it is gone', async (driver) => {
    const key = uniqueKey('zombie.mp4');
    const bytes = sampleBytes(2000, 11);
    const token = await driver.begin({ key, contentType });
    const part = await put(driver, token, 1, 0, bytes);
    await driver.complete(token, [part]);
    const late = await codeOf(put(driver, token, 1, 0, sampleBytes(3000, 12)));
    assert.equal(late, capabilities.refusesLateParts === false ? 'none' : 'UploadGone');
    const again = await codeOf(driver.complete(token, [part]));
    assert.ok(again === 'none' || again === 'UploadGone', again);
    assert.ok(bytes.equals(await buffer(await driver.get(key))));
    await driver.delete(key);
  });

  it('leaves nothing of an aborted upload, and aborts twice', async (driver) => {
    const key = uniqueKey('aborted.mp4');
    const token = await driver.begin({ key, contentType });
    await put(driver, token, 1, 0, sampleBytes(2000, 13));
    await driver.abort(token);
    await driver.abort(token);
    assert.deepEqual(await collect(driver.list(key.split('/')[0] ?? '')), []);
    if (driver.listParts !== undefined) assert.equal(await codeOf(driver.listParts(token)), 'UploadGone');
    const late = await codeOf(put(driver, token, 1, 0, sampleBytes(10, 14)));
    if (capabilities.refusesLateParts !== false) assert.equal(late, 'UploadGone');
    assert.notEqual(await codeOf(driver.complete(token, [])), 'none');
  });

  it('lists what an open upload holds, where it can', async (driver) => {
    if (driver.listParts === undefined) return;
    const key = uniqueKey('listed.mp4');
    const size = smallPartSize(driver);
    const token = await driver.begin({ key, contentType });
    const one = await put(driver, token, 1, 0, sampleBytes(size, 15));
    const two = await put(driver, token, 2, size, sampleBytes(10, 16));
    const expected = [one, two].map(({ number, size, receipt }) => ({ number, size, receipt }));
    assert.deepEqual(await driver.listParts(token), expected);
    await driver.abort(token);
    assert.equal(await codeOf(driver.listParts(token)), 'UploadGone');
  });

  it('keeps names as they are', async (driver) => {
    const directory = uniqueKey('odd');
    const keys = oddNames.map((name) => `${directory}/${name}`);
    for (const [index, key] of keys.entries()) {
      const bytes = Buffer.from(`content ${index}`);
      const info = await driver.put({ key, contentType }, bytes);
      assert.equal(info.size, bytes.length);
      assert.equal((await buffer(await driver.get(key))).toString(), `content ${index}`);
    }
    const listed = await collect(driver.list(`${directory}/`));
    assert.deepEqual(listed.sort(), [...keys].sort());
    for (const key of keys) await driver.delete(key);
    assert.deepEqual(await collect(driver.list(`${directory}/`)), []);
  });

  it('takes a key of 1,024 bytes', async (driver) => {
    const key = longestKey();
    const bytes = sampleBytes(1000, 18);
    const token = json(await driver.begin({ key, contentType }));
    await driver.complete(token, [await put(driver, token, 1, 0, bytes)]);
    assert.ok(bytes.equals(await buffer(await driver.get(key))));
    assert.deepEqual(await collect(driver.list(key.slice(0, 20))), [key]);
    await driver.delete(key);
  });

  it('says NotFound for what is not there, and deletes it without complaint', async (driver) => {
    const key = uniqueKey('absent.mp4');
    assert.equal(await codeOf(driver.head(key)), 'NotFound');
    assert.equal(await codeOf(driver.get(key)), 'NotFound');
    await driver.delete(key);
  });

  it('stops when its signal fires', async (driver) => {
    const key = uniqueKey('signal.mp4');
    const signal = AbortSignal.abort();
    assert.equal(await codeOf(driver.begin({ key, contentType }, { signal })), 'Aborted');
    assert.equal(await codeOf(driver.head(key, { signal })), 'Aborted');
  });
}
