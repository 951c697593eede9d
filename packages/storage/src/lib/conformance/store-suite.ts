import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { createDriverStore } from '../create-store.ts';
import type { Driver } from '../driver.ts';
import { codeOf } from './driver-suite.ts';
import { readObject, sampleUnits, uniqueKey } from './sample.ts';
import { appendAll, inScenes, quick, unitsFor } from './scene.ts';
import type { DriverUnderTest, TestApi } from './suite.ts';

/** What `Store` and `Upload` promise while all goes well. */
export function describeStoreUploads(
  subject: DriverUnderTest,
  capabilities: Driver['capabilities'],
  api: TestApi,
): void {
  const it = inScenes(subject, api);

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

  it('gives back the memory of units that are its own, but for those of a put that failed', async (scene) => {
    const { store, driver, partSize, options } = scene;
    // Nothing is put before it is whole.
    const wanted = options({ durabilitySeconds: 60 });
    const upload = await store.createUpload(wanted);
    const units = unitsFor(4, partSize);
    const bytes = Buffer.concat(units);
    const own = units.map((unit) => new Uint8Array(unit));
    let failures = 0;
    driver.onCall = (operation, number) =>
      operation === 'putPart' && number === 3 && failures++ === 0 ? 'Throttled' : undefined;
    for (const unit of own) await upload.append(unit, { owned: true });
    await upload.flush();
    const empty = own.flatMap(({ length }, index) => (length === 0 ? [index] : []));
    assert.deepEqual(empty, [4, 5, 6, 7, 12, 13, 14, 15]);
    await upload.finish();
    assert.ok(bytes.equals(await readObject(store, wanted.key)));
    await store.delete(wanted.key);
  });

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
  }

  it('leaves nothing when it is aborted', async ({ store, partSize, options, journal }) => {
    const wanted = options();
    const upload = await store.createUpload(wanted);
    await appendAll(upload, unitsFor(1, partSize));
    await upload.abort();
    assert.equal(await codeOf(upload.append(Buffer.from('more'))), 'Aborted');
    assert.equal(await codeOf(store.head(wanted.key)), 'NotFound');
    await store.abortFromJournal(journal.last());
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
