import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { UploadJournal } from '@tapedeck/core';
import { type CallFault, type FaultyDriver, withFaults } from '../conformance/faulty-driver.ts';
import { keepJournal, readObject } from '../conformance/sample.ts';
import { quick, withRights } from '../conformance/scene.ts';
import { createDriverStore, type StoreOptions } from '../create-store.ts';
import { createDriver } from '../drivers/drivers.ts';
import { type CompletedFallback, completeFallback } from '../fallback/complete-fallback.ts';
import type { FallbackEvent, FallbackUpload } from '../fallback/fallback-contract.ts';
import { createFallbackUpload, KEPT_DIRECTORY } from '../fallback/fallback-upload.ts';
import { openKeptBytes } from '../fallback/kept-bytes.ts';
import type { Store } from '../store.ts';

export const partSize = 128 * 1024;
const key = 'a/file.mp4';
const names = ['first', 'second', 'third'];

export interface FallbackPlace {
  readonly driver: FaultyDriver;
  readonly store: Store;
}

/** What an end by another process is given besides the journal. */
export interface CompletionChoice {
  readonly dropped?: readonly UploadJournal[];
  readonly directory?: string;
  readonly seconds?: number;
  readonly signal?: AbortSignal;
}

/** Three directories as storages with faults, for tests of a file that may go from one to the next. */
export class FallbackPlaces {
  readonly root: string;
  readonly events: FallbackEvent[] = [];
  readonly journal = keepJournal();
  #places: FallbackPlace[] = [];

  private constructor(root: string) {
    this.root = root;
  }

  static async create(options: StoreOptions = {}): Promise<FallbackPlaces> {
    const places = new FallbackPlaces(await mkdtemp(path.join(tmpdir(), 'tapedeck-fallback-')));
    places.#places = await Promise.all(names.map((name) => places.#openPlace(name, true, options)));
    return places;
  }

  async close(): Promise<void> {
    await Promise.all(this.#places.map(({ store }) => store.close()));
    await rm(this.root, { recursive: true, force: true });
  }

  get spool(): string {
    return path.join(this.root, 'scratch');
  }

  get kinds(): string[] {
    return this.events.map((event) => event.kind);
  }

  at(index: number): FallbackPlace {
    const found = this.#places[index];
    if (found === undefined) throw new Error(`no place ${index}`);
    return found;
  }

  /** Every call there has this fault from now on. */
  always(index: number, fault: CallFault | undefined): void {
    this.at(index).driver.onCall = () => fault;
  }

  allWell(): void {
    for (const index of this.#places.keys()) this.always(index, undefined);
  }

  /** The first place, from now on without the right to list parts. */
  async blindFirst(): Promise<void> {
    await this.at(0).store.close();
    this.#places[0] = await this.#openPlace('first', false);
  }

  open(
    count: number,
    more: { maxBytes?: number; seconds?: number; durabilitySeconds?: number } = {},
  ): Promise<FallbackUpload> {
    return createFallbackUpload(
      this.#places.slice(0, count).map(({ store }) => store),
      {
        key,
        contentType: 'video/mp4',
        durabilitySeconds: more.durabilitySeconds ?? 0.3,
        spool: { directory: this.spool, maxBytes: more.maxBytes ?? 400 * partSize },
        fallbackAfterSeconds: more.seconds ?? 1,
        onJournal: this.journal.onJournal,
        onEvent: (event) => void this.events.push(event),
      },
    );
  }

  /** As another process does; by default from the newest journal. */
  complete(choice: CompletionChoice = {}, journal = this.journal.last()): Promise<CompletedFallback> {
    const { dropped = [], directory = this.spool, seconds, signal } = choice;
    return completeFallback({
      ...(seconds === undefined ? {} : { fallbackAfterSeconds: seconds }),
      ...(signal === undefined ? {} : { signal }),
      stores: this.#places.map(({ store }) => store),
      journal,
      dropped: structuredClone(dropped),
      spoolDirectory: directory,
    });
  }

  /** Bytes of the file that lie on scratch for a move. */
  async keptBytes(): Promise<number> {
    return (await openKeptBytes(path.join(this.spool, KEPT_DIRECTORY), Number.MAX_SAFE_INTEGER)).written;
  }

  read(index: number): Promise<Buffer> {
    return readObject(this.at(index).store, key);
  }

  /** It is whole in that place, its scratch is free, and no other place has anything of it. */
  async requireOnlyIn(index: number, units: readonly Buffer[], head = Buffer.alloc(0)): Promise<void> {
    const expected = Buffer.concat(units);
    head.copy(expected);
    assert.ok(expected.equals(await this.read(index)), 'the object is another one');
    for (const [other, { store }] of this.#places.entries()) {
      if (other !== index) await assert.rejects(store.head(key), { code: 'NotFound' });
    }
    assert.deepEqual(await readdir(this.spool).catch(() => []), []);
  }

  async #openPlace(name: string, mayList: boolean, options: StoreOptions = {}): Promise<FallbackPlace> {
    const spec = { provider: 'Local', local: { directory: path.join(this.root, name) } } as const;
    const driver = withFaults(withRights(await createDriver({ spec, credentials: {} }), { mayList }));
    return { driver, store: createDriverStore(name, undefined, driver, { ...quick, partSize, ...options }) };
  }
}
