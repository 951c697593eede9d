import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckReport, RunStorage } from '@tapedeck/core';
import { type Capabilities, checkStorage, createStore, type Store } from '@tapedeck/storage';
import { keepJournal, readObject, sampleUnits, uniqueKey } from '@tapedeck/storage/conformance';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Fault, type FaultProxy, type FaultRule, startFaultProxy } from '../servers/fault-proxy.ts';

/** An answer in a service's own words. */
type Answer = Omit<Extract<Fault, { readonly type: 'Status' }>, 'type'>;

/** A service that is spoken to over HTTP, seen through a network that breaks. */
export interface NetworkSubject {
  /** Of the real server; asked once it runs. */
  readonly endpoint: () => string;
  /** The storage as a run has it, towards the proxy. */
  readonly storage: (endpoint: string) => RunStorage;
  /** What no report may hold. */
  readonly secrets: readonly string[];
  /** Requests that bring a part's bytes. */
  readonly isPut: NonNullable<FaultRule['matches']>;
  /** Too many requests. */
  readonly throttled: Answer;
  /** Something broke inside. */
  readonly failed: Answer;
  /** The credentials were good once. */
  readonly expired: Answer;
  /** Requests are signed with the time of day, and the server compares. */
  readonly signsTime: boolean;
}

const MiB = 1024 * 1024;
const TEST_TIMEOUT_MS = 60_000;
/** Services forgive a quarter of an hour. */
const CLOCK_SKEW_MS = 20 * 60_000;
const UNITS = 12;

/** What a recording's upload and a check make of a network that breaks in every way HTTP allows. */
export function describeNetworkFaults(capabilities: Capabilities, subject: NetworkSubject): void {
  let proxy: FaultProxy;
  let scratch = '';
  const partSize = Math.max(capabilities.minPartSize, 256 * 1024);
  const units = sampleUnits(UNITS, Math.ceil(partSize * 0.4));

  beforeAll(async () => {
    proxy = await startFaultProxy(subject.endpoint());
    scratch = await mkdtemp(path.join(tmpdir(), 'tapedeck-network-'));
  });
  afterEach(() => {
    vi.useRealTimers();
    proxy.clear();
  });
  afterAll(async () => {
    await proxy?.close();
    await rm(scratch, { recursive: true, force: true });
  });

  const withStore = async (body: (store: Store) => Promise<void>) => {
    const store = await createStore(subject.storage(proxy.endpoint), {
      partSize,
      retry: { firstDelayMs: 20, maxDelayMs: 200 },
      timeouts: { callMs: 2_000, minBytesPerSecond: 8 * MiB },
    });
    try {
      await body(store);
    } finally {
      await store.close();
    }
  };
  const begin = (store: Store, key: string) => {
    const spool = { directory: path.join(scratch, key), maxBytes: 100 * MiB };
    const { onJournal } = keepJournal();
    return store.createUpload({ key, contentType: 'video/mp4', durabilitySeconds: 0.3, onJournal, spool });
  };
  const expected = (head: Buffer) => {
    const whole = Buffer.concat(units);
    if (capabilities.rewriteFirstPart) head.copy(whole);
    return whole;
  };
  const ending = (head: Buffer) => (capabilities.rewriteFirstPart ? { head } : {});
  const head = Buffer.alloc(10, 'h');

  /** Records through whatever was injected, and reads back without it. */
  const record = () =>
    withStore(async (store) => {
      const key = uniqueKey('file.mp4');
      const before = proxy.faults;
      const upload = await begin(store, key);
      for (const unit of units) await upload.append(unit);
      const { size } = await upload.finish(ending(head));
      expect(proxy.faults).toBeGreaterThan(before);
      proxy.clear();
      expect(expected(head).equals(await readObject(store, key))).toBe(true);
      expect(size).toBe(expected(head).length);
      await store.delete(key);
    });

  const faults: [string, FaultRule][] = [
    [
      'throttling of every second put',
      { fault: { type: 'Status', ...subject.throttled }, matches: subject.isPut, every: 2 },
    ],
    ['throttling of every third call', { fault: { type: 'Status', ...subject.throttled }, every: 3 }],
    ['failures of every third call', { fault: { type: 'Status', ...subject.failed }, every: 3 }],
    [
      'resets in the body',
      { fault: { type: 'Reset', afterBytes: partSize / 8 }, matches: subject.isPut, every: 2 },
    ],
    ['lost answers', { fault: { type: 'LoseAnswer' }, matches: subject.isPut, every: 2 }],
    ['answers that are cut', { fault: { type: 'Truncate', afterBytes: 30 }, every: 3 }],
    ['a server that says nothing twice', { fault: { type: 'Silence' }, matches: subject.isPut, times: 2 }],
    ['a slow server', { fault: { type: 'Delay', ms: 250 } }],
  ];
  if (capabilities.replaceParts) {
    faults.push([
      'puts that arrive late',
      { fault: { type: 'Late', ms: 400 }, matches: subject.isPut, every: 3 },
    ]);
  }
  it.each(faults)(
    'loses nothing by %s',
    async (_, rule) => {
      proxy.inject(rule);
      await record();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'loses nothing by a network that goes away, and leaves nothing on scratch',
    async () => {
      await withStore(async (store) => {
        const key = uniqueKey('away.mp4');
        const upload = await begin(store, key);
        for (const [index, unit] of [...units, ...units].entries()) {
          if (index === UNITS / 2) await proxy.goAway();
          await upload.append(unit);
          await sleep(30);
        }
        await vi.waitFor(() => expect(upload.progress.trouble?.code).toBe('StorageUnreachable'), 5_000);
        // Whole parts and the unfinished one: all but the last moments is on disk.
        await vi.waitFor(() => expect(upload.progress.bytesSpooled).toBeGreaterThan(3 * partSize), 5_000);
        await proxy.comeBack();
        await upload.finish();
        expect(Buffer.concat([...units, ...units]).equals(await readObject(store, key))).toBe(true);
        expect(await readdir(path.join(scratch, key))).toEqual([]);
        await store.delete(key);
      });
    },
    TEST_TIMEOUT_MS,
  );

  it('never takes a download that is cut for the whole', async () => {
    await withStore(async (store) => {
      const key = uniqueKey('download.mp4');
      await store.put(key, Buffer.alloc(100_000, 'd'), 'video/mp4');
      proxy.inject({ fault: { type: 'Truncate', afterBytes: 50_000 } });
      await expect(readObject(store, key)).rejects.toThrow();
      proxy.clear();
      await store.delete(key);
    });
  });

  describe('is checked, and', () => {
    const check = async (timeouts = {}): Promise<CheckReport> => {
      const storage = subject.storage(proxy.endpoint);
      const report = await checkStorage({ id: 'check', storage }, { timeouts });
      const said = JSON.stringify(report);
      for (const secret of subject.secrets) expect(said).not.toContain(secret);
      return report;
    };

    it('a server that says nothing is a timeout', async () => {
      proxy.inject({ fault: { type: 'Silence' } });
      expect(await check({ callMs: 300 })).toMatchObject({ ready: false, reason: 'StorageTimeout' });
    });

    it('a network that is away is unreachable', async () => {
      await proxy.goAway();
      expect(await check()).toMatchObject({ ready: false, reason: 'StorageUnreachable' });
      await proxy.comeBack();
    });

    it('credentials that have expired are told from wrong rights', async () => {
      proxy.inject({ fault: { type: 'Status', ...subject.expired } });
      expect(await check()).toMatchObject({ ready: false, reason: 'StorageUnauthenticated' });
    });

    it('a service that throttles all the time is named', async () => {
      proxy.inject({ fault: { type: 'Status', ...subject.throttled } });
      expect(await check()).toMatchObject({ ready: false, reason: 'StorageThrottled' });
    });

    if (!subject.signsTime) return;
    it.each([1, -1])('a clock that is 20 minutes off is named (%i)', async (direction) => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + direction * CLOCK_SKEW_MS });
      const report = await check();
      expect(report).toMatchObject({ ready: false, reason: 'ClockSkewed' });
      expect(report.message).toContain('clock');
    });
  });
}
