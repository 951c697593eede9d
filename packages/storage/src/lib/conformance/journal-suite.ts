import assert from 'node:assert/strict';
import type { Driver } from '../driver.ts';
import { codeOf } from './driver-suite.ts';
import { readObject, sampleUnits } from './sample.ts';
import { appendAll, inScenes, unitsFor } from './scene.ts';
import type { DriverUnderTest, TestApi } from './suite.ts';

/** What another process makes of an upload that was cut. */
export function describeJournals(
  subject: DriverUnderTest,
  capabilities: Driver['capabilities'],
  api: TestApi,
): void {
  const it = inScenes(subject, api);

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

  for (const cut of [0, 1, 3]) {
    it(`is completed when it was cut after ${cut} whole parts, and with write rights alone`, async (scene) => {
      const { store, partSize, options, journal } = scene;
      for (const mayRead of [true, false]) {
        const wanted = options();
        const upload = await store.createUpload(wanted);
        const units = sampleUnits(cut * 4, Math.ceil(partSize / 4));
        await appendAll(upload, units);
        await upload.flush();
        await upload.close();
        await scene.elsewhere(
          async (other) => {
            const complete = () => other.completeFromJournal(journal.last());
            if (cut === 0) return assert.equal(await codeOf(complete()), 'NotFound');
            const whole = Buffer.concat(units);
            // The second time is that of a finishing run which was itself cut off and comes again.
            for (let time = 1; time <= 2; time++) assert.equal((await complete()).size, whole.length);
            assert.ok(whole.equals(await readObject(store, wanted.key)));
            await store.delete(wanted.key);
          },
          { mayList: mayRead, mayRead },
        );
        if (cut === 0) await store.abortFromJournal(journal.last());
      }
    });
  }

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
        await scene.elsewhere(
          async (other) => {
            const { size } = await other.completeFromJournal(behind);
            const whole = Buffer.concat(units.slice(0, 10));
            // Where nobody may be asked, a part that was put again since is lost; all before it is not.
            assert.ok(size >= 2 * partSize && size % (units[0]?.length ?? 1) === 0, `${size} bytes`);
            if (mayList && driver.listParts !== undefined) assert.equal(size, whole.length);
            assert.ok(whole.subarray(0, size).equals(await readObject(other, wanted.key)));
            await other.delete(wanted.key);
          },
          { mayList },
        );
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
      const late = await codeOf(appendAll(upload, unitsFor(2, partSize)).then(() => upload.flush()));
      assert.equal(late, capabilities.refusesLateParts === false ? 'none' : 'UploadGone');
      assert.equal(await codeOf(upload.finish()), 'UploadGone');
      assert.ok(
        Buffer.concat(units)
          .subarray(0, size)
          .equals(await readObject(other, wanted.key)),
      );
      await other.delete(wanted.key);
    });
  });
}
