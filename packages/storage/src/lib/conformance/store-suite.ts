import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { TapedeckError } from '@tapedeck/core';
import { createDriverStore, type StoreOptions } from '../create-store.ts';
import type { Driver } from '../driver.ts';
import type { Store, Upload, UploadOptions } from '../store.ts';
import { codeOf } from './driver-suite.ts';
import { type FaultyDriver, withFaults } from './faulty-driver.ts';
import { keepJournal, readObject, sampleUnits, uniqueKey } from './sample.ts';
import { type DriverUnderTest, smallPartSize, TEST_TIMEOUT_MS, type TestApi } from './suite.ts';

/** So that tests of retries take no longer than the service itself. */
const quick: StoreOptions = {
  retry: { firstDelayMs: 20, maxDelayMs: 100, maxTotalMs: 5_000 },
  timeouts: { callMs: 2_000 },
};

interface Scene {
  readonly driver: FaultyDriver;
  readonly store: Store;
  /** Bytes of one whole part. */
  readonly partSize: number;
  /** Of this test's own, for spooled parts. */
  readonly scratch: string;
  readonly journal: ReturnType<typeof keepJournal>;
  /** Options for an upload under a new key. */
  options(extra?: Partial<UploadOptions>): UploadOptions;
  /** The same storage as another process sees it. */
  elsewhere(body: (store: Store) => Promise<void>): Promise<void>;
}

async function appendAll(upload: Upload, units: readonly Buffer[]): Promise<void> {
  for (const unit of units) await upload.append(unit);
}

/** A unit count that makes somewhat more than `parts` whole parts. */
function unitsFor(parts: number, partSize: number): Buffer[] {
  return sampleUnits(Math.ceil(parts * 4 + 1), Math.ceil(partSize / 4));
}

/** What `Store` and `Upload` promise, over a driver with faults put in. */
export function describeStoreUploads(
  subject: DriverUnderTest,
  capabilities: Driver['capabilities'],
  api: TestApi,
): void {
  const scene = async (body: (scene: Scene) => Promise<void>, options: StoreOptions = {}): Promise<void> => {
    const driver = withFaults(await subject.open());
    const partSize = smallPartSize(driver);
    const storeOptions = { ...quick, partSize, ...options };
    const store = createDriverStore('store', 'conformance', driver, storeOptions);
    const scratch = await mkdtemp(path.join(tmpdir(), 'tapedeck-spool-'));
    const journal = keepJournal();
    try {
      await body({
        driver,
        store,
        partSize,
        scratch,
        journal,
        options: (extra) => ({
          key: uniqueKey('file.mp4'),
          contentType: 'video/mp4',
          durabilitySeconds: 0.5,
          onJournal: journal.onJournal,
          ...extra,
        }),
        async elsewhere(visit) {
          const other = createDriverStore('store', 'conformance', await subject.open(), storeOptions);
          try {
            await visit(other);
          } finally {
            await other.close();
          }
        },
      });
    } finally {
      await store.close();
      await rm(scratch, { recursive: true, force: true });
    }
  };
  const it = (name: string, body: (scene: Scene) => Promise<void>, options?: StoreOptions) =>
    api.it(name, () => scene(body, options), TEST_TIMEOUT_MS);

  for (const [name, units] of [
    ['of no byte', () => []],
    ['of one byte', () => [Buffer.from('x')]],
    ['of exactly one part', (size: number) => sampleUnits(4, size / 4)],
    ['of several parts', (size: number) => unitsFor(3, size)],
  ] as const) {
    it(`uploads an object ${name}`, async ({ store, partSize, options }) => {
      const wanted = options();
      const upload = await store.createUpload(wanted);
      const all = units(partSize);
      await appendAll(upload, all);
      const bytes = Buffer.concat(all);
      const info = await upload.finish();
      assert.equal(info.size, bytes.length);
      assert.equal(info.crc32, crc32(bytes).toString(16).padStart(8, '0'));
      assert.ok(bytes.equals(await readObject(store, wanted.key)));
      await store.delete(wanted.key);
    });
  }

  if (capabilities.rewriteFirstPart) {
    it('puts part 1 again with a new head, and a tail behind', async ({ store, partSize, options }) => {
      const wanted = options();
      const upload = await store.createUpload(wanted);
      const units = unitsFor(2, partSize);
      await appendAll(upload, units);
      assert.equal(upload.wholeInMemory, false);
      await upload.flush();
      const head = Buffer.alloc(100, 'head');
      const tail = Buffer.alloc(50, 'tail');
      const info = await upload.finish({ head, tail });
      const bytes = Buffer.concat([...units, tail]);
      head.copy(bytes);
      assert.ok(bytes.equals(await readObject(store, wanted.key)));
      assert.equal(info.crc32, crc32(bytes).toString(16).padStart(8, '0'));
      await store.delete(wanted.key);
    });
  }

  it('lays a small object out anew while it is in memory', async ({ store, options }) => {
    const wanted = options();
    const upload = await store.createUpload(wanted);
    const units = sampleUnits(5, 1000);
    await appendAll(upload, units);
    assert.equal(upload.wholeInMemory, true);
    const info = await upload.finish({ replaceStart: { length: 1500, bytes: Buffer.from('short') } });
    const bytes = Buffer.concat([Buffer.from('short'), Buffer.concat(units).subarray(1500)]);
    assert.ok(bytes.equals(await readObject(store, wanted.key)));
    assert.equal(info.size, bytes.length);
    await store.delete(wanted.key);
  });

  if (capabilities.replaceParts) {
    it('holds in the storage what is older than the durability, part unfinished or not', async (scene) => {
      const { store, driver, options, journal } = scene;
      const wanted = options({ durabilitySeconds: 0.2 });
      const upload = await store.createUpload(wanted);
      const units = sampleUnits(10, 2000);
      for (const [index, unit] of units.entries()) {
        await upload.append(unit);
        const end = 2000 * (index + 1);
        const deadline = Date.now() + 5_000;
        while (upload.progress.bytesStored < end && Date.now() < deadline) await sleep(10);
        assert.equal(upload.progress.bytesStored, end);
      }
      assert.equal(driver.puts.length, 10);
      assert.ok(driver.puts.every((number) => number === 1));
      await upload.close();
      // Completed from receipts alone, by a process that knows nothing else.
      await scene.elsewhere(async (other) => {
        const info = await other.completeFromJournal(journal.last());
        assert.equal(info.size, 20_000);
        assert.ok(Buffer.concat(units).equals(await readObject(other, wanted.key)));
        await other.delete(wanted.key);
      });
    });

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

  it('is completed by another process after a cut, on a border between units', async (scene) => {
    const { store, partSize, options, journal } = scene;
    const wanted = options();
    const upload = await store.createUpload(wanted);
    const units = unitsFor(3, partSize);
    await appendAll(upload, units);
    await upload.flush();
    await upload.close();
    await scene.elsewhere(async (other) => {
      const info = await other.completeFromJournal(journal.last());
      const whole = Buffer.concat(units);
      assert.equal(info.size % (units[0]?.length ?? 1), 0);
      assert.ok(info.size >= whole.length - partSize);
      if (capabilities.replaceParts) assert.equal(info.size, whole.length);
      assert.ok(whole.subarray(0, info.size).equals(await readObject(other, wanted.key)));
      // Twice is no error: a finishing run may itself be cut off and come again.
      assert.equal((await other.completeFromJournal(journal.last())).size, info.size);
      await other.delete(wanted.key);
    });
  });

  if (capabilities.replaceParts) {
    it('is completed from a journal that is a put behind, with the right to list or without', async (scene) => {
      const { store, driver, partSize, options, journal } = scene;
      for (const mayList of [true, false]) {
        const wanted = options();
        const upload = await store.createUpload(wanted);
        const units = unitsFor(2, partSize);
        await appendAll(upload, units.slice(0, 9));
        await upload.flush();
        const behind = journal.last();
        await upload.append(units[9] ?? Buffer.alloc(0));
        await upload.flush();
        await upload.close();
        const { listParts, ...blind } = driver;
        const other = createDriverStore('store', 'conformance', mayList ? driver : blind, {
          ...quick,
          partSize,
        });
        const { size } = await other.completeFromJournal(behind);
        const whole = Buffer.concat(units.slice(0, 10));
        // Where nobody may be asked, a part that was put again since is lost; all before it is not.
        assert.ok(size >= 2 * partSize && size % (units[0]?.length ?? 1) === 0, `${size} bytes`);
        if (mayList && listParts !== undefined) assert.equal(size, whole.length);
        assert.ok(whole.subarray(0, size).equals(await readObject(store, wanted.key)));
        await store.delete(wanted.key);
      }
    });
  }

  it('refuses the zombie after that, and leaves the object alone', async (scene) => {
    const { store, partSize, options, journal } = scene;
    const wanted = options({ durabilitySeconds: 0.2 });
    const upload = await store.createUpload(wanted);
    const units = unitsFor(1, partSize);
    await appendAll(upload, units);
    await upload.flush();
    await scene.elsewhere(async (other) => {
      const { size } = await other.completeFromJournal(journal.last());
      assert.equal(
        await codeOf(appendAll(upload, unitsFor(2, partSize)).then(() => upload.flush())),
        'UploadGone',
      );
      assert.equal(await codeOf(upload.finish()), 'UploadGone');
      assert.ok(
        Buffer.concat(units)
          .subarray(0, size)
          .equals(await readObject(other, wanted.key)),
      );
      await other.delete(wanted.key);
    });
  });

  it('leaves nothing when it is aborted', async ({ store, partSize, options, journal }) => {
    const wanted = options();
    const upload = await store.createUpload(wanted);
    await appendAll(upload, unitsFor(1, partSize));
    await upload.abort();
    assert.equal(await codeOf(upload.append(Buffer.from('more'))), 'Aborted');
    assert.equal(await codeOf(store.head(wanted.key)), 'NotFound');
    await store.abortFromJournal(journal.last());
  });

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

  it('keeps parts equal with filler between units, where that is asked', async ({
    driver,
    partSize,
    options,
    journal,
  }) => {
    const equal = { ...driver, capabilities: { ...driver.capabilities, equalParts: true } };
    const store = createDriverStore('store', 'conformance', equal, { ...quick, partSize });
    const wanted = options({ filler: (size) => Buffer.alloc(size, 'f'), minFillerSize: 8 });
    const upload = await store.createUpload(wanted);
    const units = sampleUnits(12, Math.floor(partSize / 3) - 100);
    const offsets: number[] = [];
    for (const unit of units) offsets.push(await upload.append(unit));
    await upload.flush();
    const sizes = journal.last().parts.map((part) => part.size);
    assert.ok(sizes.length > 2 && sizes.slice(0, -1).every((size) => size === partSize), String(sizes));
    const tail = Buffer.alloc(partSize + 5, 't');
    await upload.finish({ tail });
    const object = await readObject(store, wanted.key);
    for (const [index, unit] of units.entries()) {
      const offset = offsets[index] ?? -1;
      assert.ok(unit.equals(object.subarray(offset, offset + unit.length)), `unit ${index}`);
      assert.equal(Math.floor(offset / partSize), Math.floor((offset + unit.length - 1) / partSize));
    }
    assert.ok(object.subarray(-tail.length).equals(tail));
    await store.delete(wanted.key);
  });

  it('takes a prefix in any form', async ({ driver }) => {
    const name = uniqueKey('prefixed.txt');
    for (const [prefix, full] of [
      ['', name],
      ['/', name],
      ['a/b', `a/b/${name}`],
      ['/a//b/', `a/b/${name}`],
    ] as const) {
      const store = createDriverStore('store', prefix, driver, quick);
      const info = await store.put(name, Buffer.from('content'), 'text/plain');
      assert.equal(info.key, name);
      assert.equal((await driver.head(full)).size, 7);
      const listed: string[] = [];
      for await (const { key } of store.list(name)) listed.push(key);
      assert.deepEqual(listed, [name]);
      await store.delete(name);
    }
  });
}
