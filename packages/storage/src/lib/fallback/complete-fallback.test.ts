import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendAll, unitsFor } from '../conformance/scene.ts';
import { FallbackPlaces, partSize } from '../testing/fallback-places.ts';

let places: FallbackPlaces;
beforeEach(async () => {
  places = await FallbackPlaces.create();
});
afterEach(() => places.close());

describe('another process', () => {
  const units = unitsFor(8, partSize);

  it('completes from the journal of the storage that has it', async () => {
    const upload = await places.open(3);
    await appendAll(upload, units.slice(0, 20));
    places.always(0, 'Denied');
    await appendAll(upload, units.slice(20));
    await upload.flush();
    await upload.close();
    const done = await places.complete({ dropped: upload.dropped });
    expect(done.storage).toBe('second');
    await places.requireOnlyIn(1, units);
  });

  it.each([
    ['no part has arrived', 0, 0],
    ['the growing part has arrived', 2, 0],
    ['whole parts have arrived', 10, 1],
    ['whole parts have arrived, and may not be listed', 10, 1, false],
  ] as const)(
    'puts what scratch holds beyond the parts that arrived: %s',
    async (_when, arrived, seal, mayList?: boolean) => {
      if (mayList === false) await places.blindFirst();
      const upload = await places.open(2);
      await appendAll(upload, units.slice(0, arrived));
      if (arrived > 0) await upload.flush();
      const before = places.journal.last();
      expect(before.parts.length).toBeGreaterThanOrEqual(seal);
      // From here on nothing arrives any more, and its recorder is killed before it knows that.
      places.at(0).driver.onCall = () => 'Silent';
      await appendAll(upload, units.slice(arrived, arrived + 7));
      const total = Buffer.concat(units.slice(0, arrived + 7)).length;
      await expect.poll(() => places.keptBytes(), { timeout: 10_000 }).toBe(total);
      const copy = path.join(places.root, 'copy');
      await cp(path.join(places.spool, 'kept'), path.join(copy, 'kept'), { recursive: true });
      const last = places.journal.last();
      await upload.close();
      await rm(places.spool, { recursive: true, force: true });
      places.always(0, undefined);
      const done = await places.complete({ directory: copy }, last);
      expect(done.storage).toBe('first');
      await places.requireOnlyIn(0, units.slice(0, arrived + 7));
    },
  );

  it.each(['Silent', 'Refused'] as const)(
    'sends all from scratch when it was on its way to another storage: %s',
    async (fault) => {
      const upload = await places.open(2);
      await appendAll(upload, units.slice(0, 30));
      await sleep(1_000);
      places.at(1).driver.onCall = (operation, number) =>
        operation === 'putPart' && (number ?? 0) > 1 ? fault : undefined;
      places.always(0, 'Denied');
      await appendAll(upload, units.slice(30));
      await sleep(1_500);
      const [left, last] = [structuredClone(upload.dropped), places.journal.last()];
      expect(last.storage).toBe('second');
      expect(left).toHaveLength(1);
      // What a kill at this moment leaves; the upload itself is put out of the way.
      const copy = path.join(places.root, 'copy');
      await cp(places.spool, copy, { recursive: true });
      await upload.close();
      await rm(places.spool, { recursive: true, force: true });
      places.always(1, undefined);
      const done = await places.complete({ dropped: left, directory: copy }, last);
      expect(done.storage).toBe('second');
      await places.requireOnlyIn(1, units);
    },
  );

  it('takes the file to the next storage when the first one refuses meanwhile', async () => {
    const upload = await places.open(2);
    await appendAll(upload, units);
    await upload.close();
    places.always(0, 'Denied');
    const done = await places.complete({ dropped: upload.dropped });
    expect(done.storage).toBe('second');
    places.always(0, undefined);
    await places.requireOnlyIn(1, units);
  });

  it('takes the file to the next storage when the first one stays away', async () => {
    const upload = await places.open(2);
    await appendAll(upload, units);
    await upload.close();
    places.always(0, 'Refused');
    await expect(places.complete({ dropped: upload.dropped })).rejects.toMatchObject({
      code: 'StorageUnreachable',
    });
    const done = await places.complete({ dropped: upload.dropped, seconds: 1 });
    expect(done.storage).toBe('second');
    places.always(0, undefined);
    await places.requireOnlyIn(1, units);
  }, 30_000);

  it.each(['begin', 'putPart'] as const)(
    'gives up when it is asked to, and leaves all on scratch, while the next storage is silent: %s',
    async (silent) => {
      const upload = await places.open(2);
      // So many pieces on scratch, of which not all have room in the next upload.
      for (let start = 0; start < units.length; start += 6) {
        await appendAll(upload, units.slice(start, start + 6));
        await sleep(700);
      }
      await upload.flush();
      await upload.close();
      places.always(0, 'Denied');
      places.at(1).driver.onCall = (operation) => (operation === silent ? 'Silent' : undefined);
      const asked = AbortSignal.timeout(500);
      const begun = performance.now();
      const done = places.complete({ dropped: upload.dropped, signal: asked });
      await expect(done).rejects.toMatchObject({ code: 'StorageDenied' });
      // Half a second, not the five that opening is tried for, nor the minute that a storage may be away.
      expect(performance.now() - begun).toBeLessThan(4_000);
      places.allWell();
      await places.complete({ dropped: upload.dropped });
      await places.requireOnlyIn(0, units);
    },
    20_000,
  );

  it('takes it from the storage that was left when scratch is lost', async () => {
    const upload = await places.open(2);
    await appendAll(upload, units);
    await upload.flush();
    places.at(0).driver.onCall = (operation) => (operation === 'complete' ? 'Denied' : undefined);
    places.at(1).driver.onCall = (operation) => (operation === 'putPart' ? 'Silent' : undefined);
    upload.finish().catch(() => undefined);
    await expect.poll(() => upload.storage).toBe('second');
    const [left, last] = [structuredClone(upload.dropped), places.journal.last()];
    await upload.close();
    await rm(places.spool, { recursive: true, force: true });
    places.allWell();
    const done = await places.complete({ dropped: left }, last);
    expect(done.storage).toBe('first');
    await places.requireOnlyIn(0, units);
  });
});
