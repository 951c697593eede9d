import path from 'node:path';
import { TapedeckError, type UploadJournal } from '@tapedeck/core';
import type { FinishOptions, Store, Upload, UploadedObject, UploadProgress } from '../store.ts';
import type { FallbackOptions, FallbackUpload } from './fallback-contract.ts';
import { isLost, mayGoElsewhere } from './fallback-decision.ts';
import { createFallbackJournals } from './fallback-journals.ts';
import { createFallbackOpening, type FallbackOpening } from './fallback-opening.ts';
import { type KeptBytes, openKeptBytes } from './kept-bytes.ts';
import { createKeptFile, type KeptFile } from './kept-file.ts';
import { createLeftUploads } from './left-uploads.ts';
import { replayKept } from './replay.ts';

/** Beside the uploads' own spools, in the directory of the file. */
export const KEPT_DIRECTORY = 'kept';
const TICK_MS = 500;
/** When no other storage took the file, they are asked again after this long. */
const ASK_AGAIN_MS = 30_000;

/**
 * An upload to the first of several storages that takes it. What is appended is kept on scratch too, until the last of
 * them is in use or the file is complete: when the storage refuses, or is away for too long, a new upload is opened in
 * the next one and gets all of it from the beginning, at the same places, while more is appended. It never goes back.
 */
export async function createFallbackUpload(
  stores: readonly Store[],
  options: FallbackOptions,
): Promise<FallbackUpload> {
  const half = Math.floor(options.spool.maxBytes / 2);
  const kept = await openKeptBytes(path.join(options.spool.directory, KEPT_DIRECTORY), half);
  await kept.clear();
  const upload = new OpenFallbackUpload(stores, options, createKeptFile(kept, options.filler));
  await upload.open();
  return upload;
}

class OpenFallbackUpload implements FallbackUpload {
  readonly key: string;
  readonly #stores: readonly Store[];
  readonly #options: FallbackOptions;
  readonly #journals = createFallbackJournals();
  readonly #left = createLeftUploads((index) => this.#journals.forget(index));
  readonly #open: FallbackOpening;
  readonly #kept: KeptFile;
  #index = -1;
  #upload: Upload | undefined;
  #appending: Promise<unknown> = Promise.resolve();
  #opening: Promise<boolean> | undefined;
  /** Set while the new storage gets what was recorded before. */
  #replaying: Promise<void> | undefined;
  #failure: TapedeckError | undefined;
  #end: FinishOptions | undefined;
  /** The replay has put the new start in place of the old one already. */
  #isStartReplaced = false;
  #askAgainMs = 0;
  #ticker: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(stores: readonly Store[], options: FallbackOptions, kept: KeptFile) {
    this.key = options.key;
    this.#stores = stores;
    this.#options = options;
    this.#open = createFallbackOpening(stores, options, this.#journals);
    this.#kept = kept;
  }

  get storage(): string {
    return this.#stores[Math.max(0, this.#index)]?.name ?? '';
  }

  get dropped(): readonly UploadJournal[] {
    return this.#journals.dropped;
  }

  get progress(): UploadProgress {
    const { bytesStored = 0, bytesSpooled = 0, trouble } = this.#upload?.progress ?? {};
    return {
      bytesAppended: this.#kept.size,
      bytesStored,
      lagSeconds: this.#kept.lagSeconds(bytesStored),
      bytesSpooled,
      ...(trouble && { trouble }),
    };
  }

  get rewritesFirstPart(): boolean {
    return this.#upload?.rewritesFirstPart === true;
  }

  get wholeInMemory(): boolean {
    return this.#replaying === undefined && this.#upload?.wholeInMemory === true;
  }

  /** In the first storage that takes it; rejects with the last one's refusal. */
  async open(): Promise<void> {
    for (const index of this.#stores.keys()) {
      const isLast = index === this.#stores.length - 1;
      try {
        const { signal, openInBackground = false } = this.#options;
        this.#upload = await this.#open(index, this.#index, { openInBackground, ...(signal && { signal }) });
        this.#index = index;
        if (isLast) await this.#kept.stop();
        this.#ticker = setInterval(() => this.#tick(), TICK_MS);
        return;
      } catch (error) {
        if (isLast || this.#options.signal?.aborted) throw error;
        this.#passOver(index, error);
      }
    }
  }

  #passOver(index: number, error: unknown): void {
    const storage = this.#stores[index]?.name ?? '';
    this.#options.onEvent({ kind: 'PassedOver', storage, error: TapedeckError.from(error) });
  }

  append(unit: Uint8Array): Promise<number> {
    const appended = this.#appending.then(() => this.#append(unit));
    this.#appending = appended.catch(() => undefined); // Its caller hears of it; the next append is judged anew.
    return appended;
  }

  async #append(unit: Uint8Array): Promise<number> {
    for (;;) {
      this.#throwIfOver();
      const upload = this.#upload;
      if (this.#replaying !== undefined || upload === undefined)
        return await this.#keep(this.#kept.size, unit);
      try {
        const offset = await upload.append(unit);
        // It went to a storage that was left meanwhile, and the new one has got all but this.
        if (this.#upload !== upload && this.#replaying === undefined) continue;
        return await this.#keep(offset, unit);
      } catch (cause) {
        if (this.#upload !== upload) continue;
        const error = TapedeckError.from(cause);
        if (!mayGoElsewhere(error)) throw error;
        if (await this.#move(error, upload)) continue;
        await this.#cut(error);
        throw error;
      }
    }
  }

  /**
   * There is another storage, but scratch does not hold the file any more: it ends here, for whoever comes next to
   * complete, so that a new one can begin there.
   */
  async #cut(error: TapedeckError): Promise<void> {
    if (this.#kept.bytes !== undefined || this.#index >= this.#stores.length - 1) return;
    this.#failure ??= error;
    await this.#upload?.close();
  }

  async #keep(offset: number, unit: Uint8Array): Promise<number> {
    this.#kept.add(offset, unit);
    await this.#drain(false);
    return offset;
  }

  async #drain(all: boolean): Promise<void> {
    const { bytes } = this.#kept;
    try {
      await bytes?.drain({ all });
    } catch (cause) {
      // What is in memory goes to the new storage from there; nothing more is taken until then.
      if (this.#replaying !== undefined) return await this.#replaying;
      if (this.#kept.bytes === undefined) return;
      await this.#kept.stop();
      const error = TapedeckError.from(cause);
      if (this.#index < this.#stores.length - 1)
        this.#options.onEvent({ kind: 'NotKept', storage: this.storage, error });
    }
  }

  /** Goes on in the next storage that takes the file; false when none does. One move at a time. */
  async #move(why: TapedeckError, from: Upload | undefined): Promise<boolean> {
    await this.#opening;
    if (this.#upload !== from) return true;
    this.#opening ??= this.#openNext(why).finally(() => {
      this.#opening = undefined;
    });
    return await this.#opening;
  }

  async #openNext(error: TapedeckError): Promise<boolean> {
    const [old, from, before] = [this.#upload, this.storage, this.#index];
    for (let index = before + 1; index < this.#stores.length && this.#kept.bytes !== undefined; index++) {
      let next: Upload;
      try {
        next = await this.#open(index, before, { openInBackground: false });
      } catch (cause) {
        this.#passOver(index, cause);
        continue;
      }
      const { bytes } = this.#kept;
      if (this.#closing !== undefined || bytes === undefined) {
        this.#journals.forget(index);
        this.#journals.returnTo(this.#index);
        await next.abort().catch(() => undefined); // It holds nothing yet.
        break;
      }
      this.#index = index;
      this.#upload = next;
      if (old !== undefined) this.#left.add(before, old);
      this.#replaying = this.#replay(next, bytes);
      this.#options.onEvent({ kind: 'Moved', from, to: this.storage, error });
      // Whoever waits for it is rejected, and finds the new one.
      await old?.close();
      return true;
    }
    this.#askAgainMs = Date.now() + ASK_AGAIN_MS;
    return false;
  }

  async #replay(upload: Upload, bytes: KeptBytes): Promise<void> {
    try {
      const start = this.#end?.replaceStart;
      this.#isStartReplaced = start !== undefined;
      const onCaughtUp = () => {
        if (this.#upload === upload) this.#replaying = undefined;
      };
      await replayKept(upload, bytes, { start, onCaughtUp });
      void this.#tidy(upload);
    } catch (cause) {
      if (this.#upload !== upload) return;
      const error = TapedeckError.from(cause);
      if (mayGoElsewhere(error) && (await this.#move(error, upload))) return;
      this.#failure = error;
      this.#replaying = undefined;
    }
  }

  /** The new storage holds all: the old ones need not, and with none left to go to scratch need not either. */
  async #tidy(upload: Upload): Promise<void> {
    try {
      await upload.flush();
    } catch {
      return; // It ended meanwhile, well or not: whoever ended it tidies up.
    }
    if (this.#upload !== upload) return;
    if (this.#index === this.#stores.length - 1 && this.#end === undefined) await this.#kept.stop();
    await this.#left.drop();
  }

  async flush(options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#appending;
    await this.#caughtUp(options.signal);
    await this.#upload?.flush(options);
  }

  async #caughtUp(signal: AbortSignal | undefined): Promise<void> {
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    const onAbort = () => resolve();
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    try {
      while (this.#replaying !== undefined && !signal?.aborted)
        await Promise.race([this.#replaying, aborted]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
    this.#throwIfOver();
    if (this.#replaying !== undefined) {
      throw new TapedeckError(
        'StorageUnreachable',
        `Not all of ${this.key} is in ${this.storage} yet: the time to wait for it was over.`,
      );
    }
  }

  async finish(options: FinishOptions = {}): Promise<UploadedObject> {
    await this.#appending;
    this.#end = options;
    try {
      const object = await this.#finish(options);
      await this.#kept.stop();
      await this.#left.dropAtEnd((storage, error) => this.#options.onEvent({ kind: 'Left', storage, error }));
      return object;
    } finally {
      await this.close();
    }
  }

  async #finish(options: FinishOptions): Promise<UploadedObject> {
    for (;;) {
      await this.#caughtUp(options.signal);
      const upload = this.#upload;
      if (upload === undefined) throw new TapedeckError('Aborted', `The upload of ${this.key} is not open.`);
      const { replaceStart: _, ...rest } = options;
      try {
        return await upload.finish(this.#isStartReplaced ? rest : options);
      } catch (cause) {
        if (this.#upload !== upload) continue;
        const error = TapedeckError.from(cause);
        const isOver = options.signal?.aborted === true || !mayGoElsewhere(error);
        if (isOver || !(await this.#move(error, upload))) throw error;
      }
    }
  }

  async abort(): Promise<void> {
    clearInterval(this.#ticker);
    this.#closing ??= Promise.resolve();
    const aborted = await Promise.allSettled([this.#upload?.abort(), this.#left.drop(), this.#kept.stop()]);
    for (const one of aborted) if (one.status === 'rejected') throw one.reason;
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      clearInterval(this.#ticker);
      // Another process may have to go on from scratch; what does not fit is in the storage, or lost with it.
      await this.#kept.bytes?.drain({ all: true }).catch(() => undefined);
      await this.#upload?.close();
    })();
    return this.#closing;
  }

  #tick(): void {
    const now = Date.now();
    if (this.#kept.isDrainDue(this.#options.durabilitySeconds)) void this.#drain(true);
    const trouble = this.#upload?.progress.trouble;
    if (trouble === undefined || this.#opening !== undefined || now < this.#askAgainMs) return;

    if (!isLost(trouble, now, this.#options.fallbackAfterSeconds * 1000)) return;
    const why = new TapedeckError(trouble.code, trouble.message);
    if (this.#kept.bytes === undefined) void this.#cut(why);
    else this.#move(why, this.#upload).catch(() => undefined); // The next tick asks again.
  }

  #throwIfOver(): void {
    if (this.#closing !== undefined)
      throw new TapedeckError('Aborted', `The upload of ${this.key} is closed.`);
    if (this.#failure !== undefined) throw this.#failure;
  }
}
