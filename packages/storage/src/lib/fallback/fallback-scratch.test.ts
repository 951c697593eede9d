import { rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { appendAll, unitsFor } from '../conformance/scene.ts';
import { FallbackPlaces, partSize } from '../testing/fallback-places.ts';

let places: FallbackPlaces;
beforeEach(async () => {
  // A put that nobody answers stays on its way: the storage is slow, and not away.
  places = await FallbackPlaces.create({ timeouts: { callMs: 60_000 } });
});
afterEach(() => places.close());

/** From here on nothing can be written there, nor removed. */
async function breakScratch(): Promise<void> {
  await rm(places.spool, { recursive: true, force: true });
  await writeFile(places.spool, 'a file in its place');
}

it('goes on, and says so, when scratch neither takes the file any more nor can be freed', async () => {
  const units = unitsFor(8, partSize);
  const upload = await places.open(2);
  await appendAll(upload, units.slice(0, 10));
  await breakScratch();
  await expect.poll(() => places.kinds, { timeout: 5_000 }).toEqual(['NotFreed', 'NotKept']);
  expect(places.events[0]?.error.message).toMatch(/kept cannot be removed .*until somebody removes it/);
  await appendAll(upload, units.slice(10));
  await upload.finish();
  expect(Buffer.concat(units).equals(await places.read(0))).toBe(true);
});

it('says that scratch cannot be freed once the last storage has the file', async () => {
  // So little, and for so long in memory, that a move reads nothing from scratch.
  const units = unitsFor(6, partSize);
  const upload = await places.open(2, { durabilitySeconds: 60 });
  await appendAll(upload, units.slice(0, 10));
  const { promise: sent, resolve: onSent } = Promise.withResolvers<void>();
  places.at(1).driver.onCall = (operation) => {
    if (operation !== 'putPart') return undefined;
    onSent();
    return 'Slow';
  };
  places.always(0, 'Denied');
  await appendAll(upload, units.slice(10));
  await sent;
  await breakScratch();
  await upload.flush();
  await expect.poll(() => places.kinds, { timeout: 5_000 }).toContain('NotFreed');
  await upload.finish();
  expect(Buffer.concat(units).equals(await places.read(1))).toBe(true);
});

it.each([1, 2])('takes what waits for room when there is no more time, in %s storages', async (count) => {
  const units = unitsFor(40, partSize);
  const upload = await places.open(count, { maxBytes: 8 * partSize, seconds: 600 });
  places.at(0).driver.onCall = (operation) => (operation === 'putPart' ? 'Silent' : undefined);
  const noTime = new AbortController();
  let taken = 0;
  const appended = units.map((unit) =>
    upload.append(unit, { signal: noTime.signal }).then(() => {
      taken++;
    }),
  );
  await sleep(500);
  expect(taken).toBeLessThan(units.length);
  noTime.abort();
  await Promise.all(appended);
  await expect(upload.finish({ signal: noTime.signal })).rejects.toMatchObject({ retry: 'wait' });
  places.allWell();
  await places.complete();
  await places.requireOnlyIn(0, units);
});

it('does not wait at its end for what waits for room', async () => {
  const units = unitsFor(40, partSize);
  const upload = await places.open(1, { maxBytes: 8 * partSize, seconds: 600 });
  places.at(0).driver.onCall = (operation) => (operation === 'putPart' ? 'Silent' : undefined);
  const appended = Promise.all(units.map((unit) => upload.append(unit)));
  const finished = upload.finish({ signal: AbortSignal.timeout(500) });
  await expect(finished).rejects.toMatchObject({ retry: 'wait' });
  await appended;
  places.allWell();
  await places.complete();
  await places.requireOnlyIn(0, units);
});
