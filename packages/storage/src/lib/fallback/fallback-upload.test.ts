import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { UploadJournal } from '@tapedeck/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CallFault, type FaultyDriver, withFaults } from '../conformance/faulty-driver.ts';
import { keepJournal, readObject } from '../conformance/sample.ts';
import { appendAll, quick, unitsFor, withRights } from '../conformance/scene.ts';
import { createDriverStore } from '../create-store.ts';
import { createDriver } from '../drivers/drivers.ts';
import type { Store } from '../store.ts';
import { completeFallback } from './complete-fallback.ts';
import type { FallbackEvent, FallbackUpload } from './fallback-contract.ts';
import { createFallbackUpload } from './fallback-upload.ts';

const partSize = 128 * 1024;
const key = 'a/file.mp4';

interface Place {
  readonly driver: FaultyDriver;
  readonly store: Store;
}

let root: string;
let places: Place[];
let events: FallbackEvent[];
let journal: ReturnType<typeof keepJournal>;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'tapedeck-fallback-'));
  places = await Promise.all(['first', 'second', 'third'].map(openPlace));
  events = [];
  journal = keepJournal();
});
afterEach(async () => {
  await Promise.all(places.map(({ store }) => store.close()));
  await rm(root, { recursive: true, force: true });
});

async function openPlace(name: string): Promise<Place> {
  const spec = { provider: 'Local', local: { directory: path.join(root, name) } } as const;
  const driver = withFaults(await createDriver({ spec, credentials: {} }));
  return { driver, store: createDriverStore(name, undefined, driver, { ...quick, partSize }) };
}

/** The first place again, with a driver that cannot list parts. */
async function replaceFirst(): Promise<void> {
  await place(0).store.close();
  const spec = { provider: 'Local', local: { directory: path.join(root, 'first') } } as const;
  const blind = withRights(await createDriver({ spec, credentials: {} }), { mayList: false });
  const driver = withFaults(blind);
  places[0] = { driver, store: createDriverStore('first', undefined, driver, { ...quick, partSize }) };
}

const place = (index: number): Place => {
  const found = places[index];
  if (found === undefined) throw new Error(`no place ${index}`);
  return found;
};
const spool = () => path.join(root, 'scratch');
const kinds = () => events.map((event) => event.kind);

async function open(
  count: number,
  more: { maxBytes?: number; seconds?: number } = {},
): Promise<FallbackUpload> {
  return createFallbackUpload(
    places.slice(0, count).map(({ store }) => store),
    {
      key,
      contentType: 'video/mp4',
      durabilitySeconds: 0.3,
      spool: { directory: spool(), maxBytes: more.maxBytes ?? 400 * partSize },
      fallbackAfterSeconds: more.seconds ?? 1,
      onJournal: journal.onJournal,
      onEvent: (event) => void events.push(event),
    },
  );
}

/** It is whole in that place, its scratch is free, and no other place has anything of it. */
async function requireOnlyIn(index: number, units: readonly Buffer[], head = Buffer.alloc(0)): Promise<void> {
  const expected = Buffer.concat(units);
  head.copy(expected);
  expect(expected.equals(await readObject(place(index).store, key))).toBe(true);
  for (const [other, { store }] of places.entries()) {
    if (other !== index) await expect(store.head(key)).rejects.toMatchObject({ code: 'NotFound' });
  }
  expect(await readdir(spool()).catch(() => [])).toEqual([]);
}

const always = (driver: FaultyDriver, fault: CallFault | undefined) => {
  driver.onCall = () => fault;
};

describe('an upload over several storages', () => {
  const units = unitsFor(8, partSize);
  const head = Buffer.alloc(64, 'head');

  it('stays in the first one while that is well, and leaves nothing anywhere else', async () => {
    const upload = await open(2);
    await appendAll(upload, units);
    await upload.finish({ head });
    expect(upload.storage).toBe('first');
    expect(kinds()).toEqual([]);
    await requireOnlyIn(0, units, head);
  });

  it('passes over one that refuses at the start', async () => {
    always(place(0).driver, 'Denied');
    const upload = await open(2);
    await appendAll(upload, units);
    await upload.finish({ head });
    expect(upload.storage).toBe('second');
    expect(kinds()).toEqual(['PassedOver']);
    await requireOnlyIn(1, units, head);
  });

  it.each([
    ['before the first part', 0],
    ['within the first part', 2],
    ['in the middle', 17],
    ['before the end', units.length],
  ])('takes all along when it is refused %s', async (_when, count) => {
    const upload = await open(2);
    await appendAll(upload, units.slice(0, count));
    if (count > 4) await upload.flush();
    always(place(0).driver, 'Denied');
    await appendAll(upload, units.slice(count));
    await upload.finish({ head });
    expect(upload.storage).toBe('second');
    expect(journal.last().storage).toBe('second');
    expect(kinds()).toEqual(['Moved']);
    await requireOnlyIn(1, units, head);
  });

  it('waits for one that is away, and moves on when it stays away for too long', async () => {
    const upload = await open(2);
    await appendAll(upload, units.slice(0, 10));
    always(place(0).driver, 'Refused');
    await appendAll(upload, units.slice(10, 20));
    await sleep(300);
    expect(upload.storage).toBe('first');
    await expect.poll(() => upload.storage, { timeout: 5_000 }).toBe('second');
    await appendAll(upload, units.slice(20));
    always(place(0).driver, undefined);
    await upload.finish({ head });
    await requireOnlyIn(1, units, head);
  });

  it('moves at the end, when only the end is refused', async () => {
    const upload = await open(2);
    await appendAll(upload, units);
    await upload.flush();
    place(0).driver.onCall = (operation) => (operation === 'complete' ? 'Denied' : undefined);
    await upload.finish({ head });
    expect(upload.storage).toBe('second');
    await requireOnlyIn(1, units, head);
  });

  it('moves at the end, when the storage goes away then', async () => {
    const upload = await open(2);
    await appendAll(upload, units);
    await upload.flush();
    place(0).driver.onCall = (operation, number) =>
      operation === 'complete' || number === 1 ? 'Refused' : undefined;
    await upload.finish({ head });
    expect(upload.storage).toBe('second');
    await requireOnlyIn(1, units, head);
  });

  it('moves a file that is laid out anew at its end', async () => {
    const upload = await open(2);
    await appendAll(upload, units.slice(0, 2));
    expect(upload.wholeInMemory).toBe(true);
    always(place(0).driver, 'Denied');
    await upload.finish({ replaceStart: { length: 100, bytes: Buffer.alloc(30, 'short') } });
    const all = Buffer.concat(units.slice(0, 2)).subarray(100);
    await requireOnlyIn(1, [Buffer.alloc(30, 'short'), all]);
  });

  it('goes on to the third when the second refuses while it gets what was before', async () => {
    const upload = await open(3);
    await appendAll(upload, units.slice(0, 20));
    place(1).driver.onCall = (operation, number) =>
      operation === 'putPart' && (number ?? 0) > 2 ? 'Denied' : undefined;
    always(place(0).driver, 'Denied');
    await appendAll(upload, units.slice(20));
    await upload.finish({ head });
    expect(upload.storage).toBe('third');
    expect(upload.dropped.map(({ storage }) => storage)).toEqual([]);
    await requireOnlyIn(2, units, head);
  });

  it('is refused when all refuse, and another process completes it once one takes it again', async () => {
    const upload = await open(2);
    await appendAll(upload, units.slice(0, 20));
    always(place(0).driver, 'Denied');
    always(place(1).driver, 'Denied');
    const ended = appendAll(upload, units.slice(20)).then(() => upload.finish({ head }));
    await expect(ended).rejects.toMatchObject({ code: 'StorageDenied' });
    await upload.close();
    always(place(1).driver, undefined);
    const done = await complete(journal.last(), upload.dropped);
    expect(done.storage).toBe('second');
    const object = await readObject(place(1).store, key);
    expect(Buffer.concat(units).subarray(0, object.length).equals(object)).toBe(true);
    expect(object.length).toBeGreaterThanOrEqual(20 * (units[0]?.length ?? 0));
  });

  it('says when scratch cannot hold the file, goes on, and then does not move', async () => {
    const many = unitsFor(70, partSize);
    const upload = await open(2, { maxBytes: 80 * partSize });
    await appendAll(upload, many);
    expect(kinds()).toEqual(['NotKept']);
    always(place(0).driver, 'Denied');
    await expect(appendAll(upload, unitsFor(3, partSize))).rejects.toMatchObject({ code: 'StorageDenied' });
    always(place(0).driver, undefined);
    // It does not wait for its storage: a new file is to begin in the next one.
    await expect(upload.finish()).rejects.toMatchObject({ code: 'StorageDenied' });
    const done = await complete(journal.last(), upload.dropped);
    expect(done.storage).toBe('first');
    const object = await readObject(place(0).store, key);
    expect(object.subarray(0, 70 * partSize).equals(Buffer.concat(many).subarray(0, 70 * partSize))).toBe(
      true,
    );
  });

  it('ends when scratch cannot hold the file and its storage stays away, and loses nothing of it', async () => {
    const many = unitsFor(70, partSize);
    const upload = await open(2, { maxBytes: 80 * partSize });
    await appendAll(upload, many);
    expect(kinds()).toEqual(['NotKept']);
    always(place(0).driver, 'Refused');
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
    always(place(0).driver, undefined);
    await complete(journal.last(), upload.dropped);
    const object = await readObject(place(0).store, key);
    const expected = Buffer.concat([...many, ...more]);
    expect(object.subarray(0, expected.length).equals(expected)).toBe(true);
  });
});

const complete = (
  last: UploadJournal,
  dropped: readonly UploadJournal[],
  spoolDirectory = spool(),
  seconds?: number,
  signal?: AbortSignal,
) =>
  completeFallback({
    ...(seconds === undefined ? {} : { fallbackAfterSeconds: seconds }),
    ...(signal === undefined ? {} : { signal }),
    stores: places.map(({ store }) => store),
    journal: last,
    dropped: structuredClone(dropped),
    spoolDirectory,
  });

describe('another process', () => {
  const units = unitsFor(8, partSize);

  it('completes from the journal of the storage that has it', async () => {
    const upload = await open(3);
    await appendAll(upload, units.slice(0, 20));
    always(place(0).driver, 'Denied');
    await appendAll(upload, units.slice(20));
    await upload.flush();
    await upload.close();
    const done = await complete(journal.last(), upload.dropped);
    expect(done.storage).toBe('second');
    await requireOnlyIn(1, units);
  });

  it.each([
    ['no part has arrived', 0, 0],
    ['the growing part has arrived', 2, 0],
    ['whole parts have arrived', 10, 1],
    ['whole parts have arrived, and may not be listed', 10, 1, false],
  ] as const)(
    'puts what scratch holds beyond the parts that arrived: %s',
    async (_when, arrived, seal, mayList?: boolean) => {
      if (mayList === false) await replaceFirst();
      const upload = await open(2);
      await appendAll(upload, units.slice(0, arrived));
      if (arrived > 0) await upload.flush();
      const before = journal.last();
      expect(before.parts.length).toBeGreaterThanOrEqual(seal);
      // From here on nothing arrives any more, and its recorder is killed before it knows that.
      place(0).driver.onCall = () => 'Silent';
      await appendAll(upload, units.slice(arrived, arrived + 7));
      await sleep(1_000);
      const copy = path.join(root, 'copy');
      await cp(path.join(spool(), 'kept'), path.join(copy, 'kept'), { recursive: true });
      const last = journal.last();
      await upload.close();
      await rm(spool(), { recursive: true, force: true });
      always(place(0).driver, undefined);
      const done = await complete(last, [], copy);
      expect(done.storage).toBe('first');
      await requireOnlyIn(0, units.slice(0, arrived + 7));
    },
  );

  it.each(['Silent', 'Refused'] as const)(
    'sends all from scratch when it was on its way to another storage: %s',
    async (fault) => {
      const upload = await open(2);
      await appendAll(upload, units.slice(0, 30));
      await sleep(1_000);
      place(1).driver.onCall = (operation, number) =>
        operation === 'putPart' && (number ?? 0) > 1 ? fault : undefined;
      always(place(0).driver, 'Denied');
      await appendAll(upload, units.slice(30));
      await sleep(1_500);
      const [left, last] = [structuredClone(upload.dropped), journal.last()];
      expect(last.storage).toBe('second');
      expect(left).toHaveLength(1);
      // What a kill at this moment leaves; the upload itself is put out of the way.
      const copy = path.join(root, 'copy');
      await cp(spool(), copy, { recursive: true });
      await upload.close();
      await rm(spool(), { recursive: true, force: true });
      always(place(1).driver, undefined);
      const done = await complete(last, left, copy);
      expect(done.storage).toBe('second');
      await requireOnlyIn(1, units);
    },
  );

  it('takes the file to the next storage when the first one refuses meanwhile', async () => {
    const upload = await open(2);
    await appendAll(upload, units);
    await upload.close();
    always(place(0).driver, 'Denied');
    const done = await complete(journal.last(), upload.dropped);
    expect(done.storage).toBe('second');
    always(place(0).driver, undefined);
    await requireOnlyIn(1, units);
  });

  it('takes the file to the next storage when the first one stays away', async () => {
    const upload = await open(2);
    await appendAll(upload, units);
    await upload.close();
    always(place(0).driver, 'Refused');
    await expect(complete(journal.last(), upload.dropped)).rejects.toMatchObject({
      code: 'StorageUnreachable',
    });
    const done = await complete(journal.last(), upload.dropped, spool(), 1);
    expect(done.storage).toBe('second');
    always(place(0).driver, undefined);
    await requireOnlyIn(1, units);
  }, 30_000);

  it.each(['begin', 'putPart'] as const)(
    'gives up when it is asked to, and leaves all on scratch, while the next storage is silent: %s',
    async (silent) => {
      const upload = await open(2);
      // So many pieces on scratch, of which not all have room in the next upload.
      for (let start = 0; start < units.length; start += 6) {
        await appendAll(upload, units.slice(start, start + 6));
        await sleep(700);
      }
      await upload.flush();
      await upload.close();
      always(place(0).driver, 'Denied');
      place(1).driver.onCall = (operation) => (operation === silent ? 'Silent' : undefined);
      const asked = AbortSignal.timeout(500);
      const begun = performance.now();
      const done = complete(journal.last(), upload.dropped, spool(), undefined, asked);
      await expect(done).rejects.toMatchObject({ code: 'StorageDenied' });
      // Half a second, not the five that opening is tried for, nor the minute that a storage may be away.
      expect(performance.now() - begun).toBeLessThan(4_000);
      for (const { driver } of places) always(driver, undefined);
      await complete(journal.last(), upload.dropped);
      await requireOnlyIn(0, units);
    },
    20_000,
  );

  it('takes it from the storage that was left when scratch is lost', async () => {
    const upload = await open(2);
    await appendAll(upload, units);
    await upload.flush();
    place(0).driver.onCall = (operation) => (operation === 'complete' ? 'Denied' : undefined);
    place(1).driver.onCall = (operation) => (operation === 'putPart' ? 'Silent' : undefined);
    upload.finish().catch(() => undefined);
    await expect.poll(() => upload.storage).toBe('second');
    const [left, last] = [structuredClone(upload.dropped), journal.last()];
    await upload.close();
    await rm(spool(), { recursive: true, force: true });
    for (const { driver } of places) always(driver, undefined);
    const done = await complete(last, left);
    expect(done.storage).toBe('first');
    await requireOnlyIn(0, units);
  });
});
