import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Driver } from '../driver.ts';
import { readObject } from './sample.ts';
import { appendAll, inScenes, type Scene, unitsFor } from './scene.ts';
import type { DriverUnderTest, TestApi } from './suite.ts';

/** More puts than the end of these uploads takes. */
const MAX_PUTS = 8;
const HEAD = Buffer.alloc(100, 'head');

/**
 * Uploads, and is killed at the end when the nth put has arrived: its answer is lost with the process, and so is
 * whatever had begun beside it or would have been put after. Returns false once the end takes fewer puts than that.
 */
async function killedAtPut(scene: Scene, nth: number, mayList: boolean): Promise<boolean> {
  const { store, driver, partSize, options, journal, elsewhere } = scene;
  const wanted = options();
  const upload = await store.createUpload(wanted);
  const units = unitsFor(2, partSize);
  await appendAll(upload, units.slice(0, -1));
  await upload.flush();
  await appendAll(upload, units.slice(-1));
  const tail = Buffer.alloc(partSize + 50, 'tail');
  let puts = 0;
  driver.onCall = (operation) => {
    if (operation === 'complete') return 'Silent';
    return operation !== 'putPart' || ++puts < nth ? 'Slow' : puts === nth ? 'Unanswered' : 'Silent';
  };
  const before = driver.unanswered;
  const ended = upload.finish({ head: HEAD, tail }).catch(() => undefined);
  while (driver.unanswered === before) await sleep(1);
  const left = journal.last();
  await upload.close();
  await ended;
  driver.onCall = () => undefined;
  await elsewhere(
    async (other) => {
      const { size } = await other.completeFromJournal(left);
      const old = Buffer.concat([...units, tail]);
      const whole = Buffer.from(old);
      HEAD.copy(whole);
      const object = await readObject(other, wanted.key);
      assert.equal(object.length, size);
      const isOld = object.equals(old.subarray(0, size));
      assert.ok(
        isOld || object.equals(whole),
        `put ${nth}: a new head before ${size} of ${whole.length} bytes`,
      );
      await other.delete(wanted.key);
    },
    { mayList },
  );
  return puts >= nth;
}

/** At the end part 1 gets a head that speaks of all the rest: it must not be there before the rest is. */
export function describeEnds(
  subject: DriverUnderTest,
  capabilities: Driver['capabilities'],
  api: TestApi,
): void {
  if (!capabilities.rewriteFirstPart) return;
  const it = inScenes(subject, api);

  for (const mayList of [true, false]) {
    it(`leaves the old head or the whole when it is killed after any put of the end, ${mayList ? 'listed' : 'from write rights alone'}`, async (scene) => {
      for (let nth = 1; await killedAtPut(scene, nth, mayList); nth++) {
        assert.ok(nth < MAX_PUTS, 'the end takes too many puts');
      }
    });
  }

  it('sends what another process left on scratch with the head last', async (scene) => {
    const { store, driver, partSize, options, scratch, journal } = scene;
    const wanted = options({ spool: { directory: scratch, maxBytes: 100 * partSize } });
    const upload = await store.createUpload(wanted);
    const units = unitsFor(4, partSize);
    await appendAll(upload, units.slice(0, 9));
    await upload.flush();
    driver.onCall = () => 'Refused';
    await appendAll(upload, units.slice(9));
    await upload.finish({ head: HEAD, signal: AbortSignal.timeout(300) }).catch(() => undefined);
    driver.onCall = () => undefined;
    const before = driver.puts.length;
    await store.completeFromJournal(journal.last(), { spoolDirectory: scratch });
    const numbers = driver.puts.slice(before);
    assert.deepEqual(numbers, [...numbers.filter((number) => number !== 1).sort((a, b) => a - b), 1]);
    assert.ok(numbers.length > 2, String(numbers));
    await store.delete(wanted.key);
  });
}
