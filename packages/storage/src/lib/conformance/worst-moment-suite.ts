import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { UploadJournal } from '@tapedeck/core';
import type { Driver } from '../driver.ts';
import type { FinishOptions } from '../store.ts';
import { codeOf } from './driver-suite.ts';
import { readObject, sampleUnits } from './sample.ts';
import { appendAll, inScenes, type Scene, unitsFor } from './scene.ts';
import type { DriverUnderTest, TestApi } from './suite.ts';

/** A process that is killed during a put leaves the journal of before; what its put did, nobody was told. */
const fates = [
  { fate: 'Unanswered', arrived: true },
  { fate: 'Silent', arrived: false },
] as const;

const HEAD = Buffer.alloc(100, 'head');
const TAIL = Buffer.alloc(50, 'tail');

interface Cut {
  /** Appended and held by the storage, the journal being told. */
  readonly held: readonly Buffer[];
  /** Appended after that; its put is the one that the kill interrupts. */
  readonly last?: Buffer;
  /** Or what the end is, whose put of part 1 is the one. */
  readonly end?: FinishOptions;
}

/** Leaves an upload in the middle of a put, and returns the journal of that moment with the key. */
async function cutOff(
  scene: Scene,
  fate: 'Unanswered' | 'Silent',
  { held, last, end }: Cut,
): Promise<{ journal: UploadJournal; key: string }> {
  const { store, driver, options, journal } = scene;
  const wanted = options({ durabilitySeconds: 0.2 });
  const upload = await store.createUpload(wanted);
  await appendAll(upload, held);
  if (held.length > 0) await upload.flush();
  driver.onCall = (operation, number) =>
    operation === 'putPart' && (end === undefined || number === 1) ? fate : undefined;
  const before = driver.unanswered;
  if (last !== undefined) await upload.append(last);
  const ended = end === undefined ? undefined : upload.finish(end).catch(() => undefined);
  const deadline = Date.now() + 10_000;
  while (driver.unanswered === before && Date.now() < deadline) await sleep(10);
  assert.ok(driver.unanswered > before, 'nothing was put');
  const left = journal.last();
  await upload.close();
  await ended;
  driver.onCall = () => undefined;
  return { journal: left, key: wanted.key };
}

/**
 * What another process can complete of an upload that was killed between "the service took the put" and "the
 * journal says so", with write rights only: for drivers that can tell a receipt before its put.
 */
export function describeWorstMoments(
  subject: DriverUnderTest,
  capabilities: Driver['capabilities'],
  api: TestApi,
): void {
  if (!capabilities.replaceParts) return;
  const it = inScenes(subject, api);
  const mayList = false;

  for (const { fate, arrived } of fates) {
    const when = `is killed during a put that ${arrived ? 'arrived' : 'did not arrive'}`;

    for (const [what, parts] of [
      ['the only part', 0.5],
      ['the last of several parts', 2],
    ] as const) {
      it(`completes ${what} from write rights alone when its recorder ${when}`, async (scene) => {
        if (scene.driver.predictReceipt === undefined) return;
        const held = unitsFor(parts, scene.partSize);
        const last = Buffer.alloc(1000, 'last');
        const { journal, key } = await cutOff(scene, fate, { held, last });
        await scene.elsewhere(
          async (other) => {
            const { size } = await other.completeFromJournal(journal);
            const expected = Buffer.concat(arrived ? [...held, last] : held);
            assert.equal(size, expected.length);
            assert.ok(expected.equals(await readObject(other, key)));
            await other.delete(key);
          },
          { mayList },
        );
      });
    }

    it(`completes a part that was never put before when its recorder ${when}`, async (scene) => {
      if (scene.driver.predictReceipt === undefined) return;
      const last = sampleUnits(1, 3000)[0] ?? Buffer.alloc(0);
      const { journal, key } = await cutOff(scene, fate, { held: [], last });
      assert.deepEqual(journal.parts, []);
      await scene.elsewhere(
        async (other) => {
          if (!arrived) return assert.equal(await codeOf(other.completeFromJournal(journal)), 'NotFound');
          assert.equal((await other.completeFromJournal(journal)).size, last.length);
          assert.ok(last.equals(await readObject(other, key)));
          await other.delete(key);
        },
        { mayList },
      );
    });

    if (!capabilities.rewriteFirstPart) continue;
    it(`completes the whole, with part 1 as it is there, when its recorder ${when} of the head`, async (scene) => {
      if (scene.driver.predictReceipt === undefined) return;
      const held = unitsFor(2, scene.partSize);
      const { journal, key } = await cutOff(scene, fate, { held, end: { head: HEAD, tail: TAIL } });
      await scene.elsewhere(
        async (other) => {
          await other.completeFromJournal(journal);
          const expected = Buffer.concat([...held, TAIL]);
          if (arrived) HEAD.copy(expected);
          assert.ok(expected.equals(await readObject(other, key)));
          await other.delete(key);
        },
        { mayList },
      );
    });
  }
}
