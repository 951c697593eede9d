import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendAll, unitsFor } from '../conformance/scene.ts';
import { FallbackPlaces, partSize } from '../testing/fallback-places.ts';

let places: FallbackPlaces;
beforeEach(async () => {
  places = await FallbackPlaces.create();
});
afterEach(() => places.close());

describe('an upload over several storages', () => {
  const units = unitsFor(8, partSize);
  const head = Buffer.alloc(64, 'head');

  it('stays in the first one while that is well, and leaves nothing anywhere else', async () => {
    const upload = await places.open(2);
    await appendAll(upload, units);
    await upload.finish({ head });
    expect(upload.storage).toBe('first');
    expect(places.kinds).toEqual([]);
    await places.requireOnlyIn(0, units, head);
  });

  it('passes over one that refuses at the start', async () => {
    places.always(0, 'Denied');
    const upload = await places.open(2);
    await appendAll(upload, units);
    await upload.finish({ head });
    expect(upload.storage).toBe('second');
    expect(places.kinds).toEqual(['PassedOver']);
    await places.requireOnlyIn(1, units, head);
  });

  it.each([
    ['before the first part', 0],
    ['within the first part', 2],
    ['in the middle', 17],
    ['before the end', units.length],
  ])('takes all along when it is refused %s', async (_when, count) => {
    const upload = await places.open(2);
    await appendAll(upload, units.slice(0, count));
    if (count > 4) await upload.flush();
    places.always(0, 'Denied');
    await appendAll(upload, units.slice(count));
    await upload.finish({ head });
    expect(upload.storage).toBe('second');
    expect(places.journal.last().storage).toBe('second');
    expect(places.kinds).toEqual(['Moved']);
    await places.requireOnlyIn(1, units, head);
  });

  it('waits for one that is away, and moves on when it stays away for too long', async () => {
    const upload = await places.open(2);
    await appendAll(upload, units.slice(0, 10));
    places.always(0, 'Refused');
    await appendAll(upload, units.slice(10, 20));
    await sleep(300);
    expect(upload.storage).toBe('first');
    await expect.poll(() => upload.storage, { timeout: 5_000 }).toBe('second');
    await appendAll(upload, units.slice(20));
    places.always(0, undefined);
    await upload.finish({ head });
    await places.requireOnlyIn(1, units, head);
  });

  // Else nothing would tell that it has to move, until more is appended.
  it('stays in trouble when it is refused, though a put from before that still succeeds', async () => {
    const upload = await places.open(1, { durabilitySeconds: 60 });
    const { driver } = places.at(0);
    driver.onCall = (_operation, number) => (number === 1 ? 'Slow' : 'Denied');
    await appendAll(upload, units.slice(0, 8));
    await expect.poll(() => driver.puts, { timeout: 5_000 }).toEqual([1]);
    expect(upload.progress.trouble?.code).toBe('StorageDenied');
    places.allWell();
    await upload.finish({ head });
  });

  it('moves at the end, when only the end is refused', async () => {
    const upload = await places.open(2);
    await appendAll(upload, units);
    await upload.flush();
    places.at(0).driver.onCall = (operation) => (operation === 'complete' ? 'Denied' : undefined);
    await upload.finish({ head });
    expect(upload.storage).toBe('second');
    await places.requireOnlyIn(1, units, head);
  });

  it('moves at the end, when the storage goes away then', async () => {
    const upload = await places.open(2);
    await appendAll(upload, units);
    await upload.flush();
    places.at(0).driver.onCall = (operation, number) =>
      operation === 'complete' || number === 1 ? 'Refused' : undefined;
    await upload.finish({ head });
    expect(upload.storage).toBe('second');
    await places.requireOnlyIn(1, units, head);
  });

  it('moves a file that is laid out anew at its end', async () => {
    const upload = await places.open(2);
    await appendAll(upload, units.slice(0, 2));
    expect(upload.wholeInMemory).toBe(true);
    places.always(0, 'Denied');
    await upload.finish({ replaceStart: { length: 100, bytes: Buffer.alloc(30, 'short') } });
    const all = Buffer.concat(units.slice(0, 2)).subarray(100);
    await places.requireOnlyIn(1, [Buffer.alloc(30, 'short'), all]);
  });

  it('goes on to the third when the second refuses while it gets what was before', async () => {
    const upload = await places.open(3);
    await appendAll(upload, units.slice(0, 20));
    places.at(1).driver.onCall = (operation, number) =>
      operation === 'putPart' && (number ?? 0) > 2 ? 'Denied' : undefined;
    places.always(0, 'Denied');
    await appendAll(upload, units.slice(20));
    await upload.finish({ head });
    expect(upload.storage).toBe('third');
    expect(upload.dropped.map(({ storage }) => storage)).toEqual([]);
    await places.requireOnlyIn(2, units, head);
  });

  it('is refused when all refuse, and another process completes it once one takes it again', async () => {
    const upload = await places.open(2);
    await appendAll(upload, units.slice(0, 20));
    places.always(0, 'Denied');
    places.always(1, 'Denied');
    const ended = appendAll(upload, units.slice(20)).then(() => upload.finish({ head }));
    await expect(ended).rejects.toMatchObject({ code: 'StorageDenied' });
    await upload.close();
    places.always(1, undefined);
    const done = await places.complete({ dropped: upload.dropped });
    expect(done.storage).toBe('second');
    const object = await places.read(1);
    expect(Buffer.concat(units).subarray(0, object.length).equals(object)).toBe(true);
    expect(object.length).toBeGreaterThanOrEqual(20 * (units[0]?.length ?? 0));
  });

  it('says when scratch cannot hold the file, goes on, and then does not move', async () => {
    const many = unitsFor(70, partSize);
    const upload = await places.open(2, { maxBytes: 80 * partSize });
    await appendAll(upload, many);
    expect(places.kinds).toEqual(['NotKept']);
    places.always(0, 'Denied');
    await expect(appendAll(upload, unitsFor(3, partSize))).rejects.toMatchObject({ code: 'StorageDenied' });
    places.always(0, undefined);
    // It does not wait for its storage: a new file is to begin in the next one.
    await expect(upload.finish()).rejects.toMatchObject({ code: 'StorageDenied' });
    const done = await places.complete({ dropped: upload.dropped });
    expect(done.storage).toBe('first');
    const object = await places.read(0);
    expect(object.subarray(0, 70 * partSize).equals(Buffer.concat(many).subarray(0, 70 * partSize))).toBe(
      true,
    );
  });

  it('ends when scratch cannot hold the file and its storage stays away, and loses nothing of it', async () => {
    const many = unitsFor(70, partSize);
    const upload = await places.open(2, { maxBytes: 80 * partSize });
    await appendAll(upload, many);
    expect(places.kinds).toEqual(['NotKept']);
    places.always(0, 'Refused');
    const more = unitsFor(30, partSize);
    await appendAll(upload, more);
    await expect
      .poll(
        () =>
          upload.append(Buffer.alloc(1)).then(
            () => 'taken',
            ({ code }) => code,
          ),
        { timeout: 5_000 },
      )
      .toBe('StorageUnreachable');
    await expect(upload.finish()).rejects.toMatchObject({ code: 'StorageUnreachable' });
    places.always(0, undefined);
    await places.complete({ dropped: upload.dropped });
    const object = await places.read(0);
    const expected = Buffer.concat([...many, ...more]);
    expect(object.subarray(0, expected.length).equals(expected)).toBe(true);
  });
});
