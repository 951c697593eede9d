import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TapedeckError } from '@tapedeck/core';
import { createDriverStore, type StoreOptions } from '../create-store.ts';
import type { Driver } from '../driver.ts';
import type { Store, Upload, UploadOptions } from '../store.ts';
import { type FaultyDriver, withFaults } from './faulty-driver.ts';
import { keepJournal, sampleUnits, uniqueKey } from './sample.ts';
import { type DriverUnderTest, smallPartSize, TEST_TIMEOUT_MS, type TestApi } from './suite.ts';

/** So that tests of retries take no longer than the service itself. */
export const quick: StoreOptions = {
  retry: { firstDelayMs: 20, maxDelayMs: 100, maxTotalMs: 5_000 },
  timeouts: { callMs: 2_000 },
};

export interface Rights {
  /** To list the parts of an upload. */
  readonly mayList: boolean;
  /** To read, list and delete objects, and to abort uploads; default true. */
  readonly mayRead?: boolean;
}

/** What one test of uploads plays in. */
export interface Scene {
  readonly driver: FaultyDriver;
  readonly store: Store;
  /** Bytes of one whole part. */
  readonly partSize: number;
  /** Of this test's own, for spooled parts. */
  readonly scratch: string;
  readonly journal: ReturnType<typeof keepJournal>;
  /** Options for an upload under a new key. */
  options(extra?: Partial<UploadOptions>): UploadOptions;
  /** The same storage as another process sees it, with fewer rights where that is asked. */
  elsewhere(body: (store: Store) => Promise<void>, rights?: Rights): Promise<void>;
}

export type SceneTest = (name: string, body: (scene: Scene) => Promise<void>, options?: StoreOptions) => void;

/** Declares tests that each get a scene of their own, cleared away after. */
export function inScenes(subject: DriverUnderTest, api: TestApi): SceneTest {
  return (name, body, options) => api.it(name, () => play(subject, body, options), TEST_TIMEOUT_MS);
}

async function play(
  subject: DriverUnderTest,
  body: (scene: Scene) => Promise<void>,
  options?: StoreOptions,
): Promise<void> {
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
      async elsewhere(visit, rights = { mayList: true }) {
        const opened = withRights(await subject.open(), rights);
        const other = createDriverStore('store', 'conformance', opened, storeOptions);
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
}

/** Without the right to list parts there is no call for it; without the others they are refused. */
export function withRights(driver: Driver, { mayList, mayRead = true }: Rights): Driver {
  const { listParts, ...blind } = driver;
  const seeing = listParts === undefined || !mayList ? blind : { ...blind, listParts };
  if (mayRead) return seeing;
  const denied = () => Promise.reject(new TapedeckError('StorageDenied', 'The test allows writing only.'));
  return {
    ...seeing,
    abort: denied,
    head: denied,
    get: denied,
    delete: denied,
    // biome-ignore lint/correctness/useYield: it is refused before the first object.
    async *list() {
      await denied();
    },
  };
}

export async function appendAll(upload: Upload, units: readonly Buffer[]): Promise<void> {
  for (const unit of units) await upload.append(unit);
}

/** A unit count that makes somewhat more than `parts` whole parts. */
export function unitsFor(parts: number, partSize: number): Buffer[] {
  return sampleUnits(Math.ceil(parts * 4 + 1), Math.ceil(partSize / 4));
}
