import path from 'node:path';
import { TapedeckError, type UploadJournal } from '@tapedeck/core';
import { createAppendQueue } from '../append-queue.ts';
import type {
  AppendOptions,
  FinishOptions,
  Store,
  Upload,
  UploadedObject,
  UploadProgress,
} from '../store.ts';
import { untilAbort } from '../until-abort.ts';
import type { FallbackOptions, FallbackUpload } from './fallback-contract.ts';
import { isLost, mayGoElsewhere } from './fallback-decision.ts';
import { FallbackRoute } from './fallback-route.ts';
import { openKeptBytes } from './kept-bytes.ts';
import { createKeptFile, type KeptFile } from './kept-file.ts';
import { replayKept } from './replay.ts';

/** Beside the uploads' own spools, in the directory of the file. */
export const KEPT_DIRECTORY = 'kept';
const TICK_MS = 500;

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
  readonly #options: FallbackOptions;
  readonly #kept: KeptFile;
  readonly #appends = createAppendQueue();
  readonly #route: FallbackRoute;
  /** Set while the new storage gets what was recorded before. */
  #replaying: Promise<void> | undefined;
  #failure: TapedeckError | undefined;
  #end: FinishOptions | undefined;
  /** The replay has put the new start in place of the old one already. */
  #isStartReplaced = false;
  #ticker: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(stores: readonly Store[], options: FallbackOptions, kept: KeptFile) {
    this.key = options.key;
    this.#options = options;
    this.#kept = kept;
    this.#route = new FallbackRoute(stores, options, {
      mayMove: () => this.#kept.bytes !== undefined && this.#closing === undefined,
      onMoved: (upload, left) => {
        this.#replaying = this.#replay(upload, left);
      },
      hurry: this.#appends.hurry,
    });
  }

  get storage(): string {
    return this.#route.storage;
  }

  get dropped(): readonly UploadJournal[] {
    return this.#route.dropped;
  }

  get progress(): UploadProgress {
    const { bytesStored = 0, bytesSpooled = 0, trouble } = this.#route.upload?.progress ?? {};
    return {
      bytesAppended: this.#kept.size,
      bytesStored,
      lagSeconds: this.#kept.lagSeconds(bytesStored),
      bytesSpooled,
      ...(trouble && { trouble }),
    };
  }

  get rewritesFirstPart(): boolean {
    return this.#route.upload?.rewritesFirstPart === true;
  }

  get wholeInMemory(): boolean {
    return this.#replaying === undefined && this.#route.upload?.wholeInMemory === true;
  }

  /** In the first storage that takes it; rejects with the last one's refusal. */
  async open(): Promise<void> {
    await this.#route.begin();
    if (this.#route.isLast) await this.#stopKeeping();
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  append(unit: Uint8Array, { signal }: AppendOptions = {}): Promise<number> {
    return this.#appends.add(() => this.#append(unit), signal);
  }

  async #append(unit: Uint8Array): Promise<number> {
    for (;;) {
      this.#throwIfOver();
      const { upload } = this.#route;
      if (this.#replaying !== undefined || upload === undefined)
        return await this.#keep(this.#kept.size, unit);
      try {
        const offset = await upload.append(unit, { signal: this.#appends.hurry });
        // It went to a storage that was left meanwhile, and the new one has got all but this.
        if (this.#route.upload !== upload && this.#replaying === undefined) continue;
        return await this.#keep(offset, unit);
      } catch (cause) {
        if (this.#route.upload !== upload) continue;
        const error = TapedeckError.from(cause);
        if (!mayGoElsewhere(error)) throw error;
        if (await this.#route.move(error, upload)) continue;
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
    if (this.#kept.bytes !== undefined || this.#route.isLast) return;
    this.#failure ??= error;
    await this.#route.upload?.close();
  }

  async #keep(offset: number, unit: Uint8Array): Promise<number> {
    this.#kept.add(offset, unit);
    await this.#drain(false);
    return offset;
  }

  /** Never rejects. */
  async #drain(all: boolean): Promise<void> {
    const { bytes } = this.#kept;
    try {
      await bytes?.drain({ all });
    } catch (cause) {
      // What is in memory goes to the new storage from there; nothing more is taken until then.
      if (this.#replaying !== undefined) return await untilAbort(this.#replaying, this.#appends.hurry);
      if (this.#kept.bytes === undefined) return;
      await this.#stopKeeping();
      const error = TapedeckError.from(cause);
      if (!this.#route.isLast) this.#options.onEvent({ kind: 'NotKept', storage: this.storage, error });
    }
  }

  /** Scratch that cannot be freed is somebody's to look at, and no reason to end. */
  async #stopKeeping(): Promise<void> {
    try {
      await this.#kept.stop();
    } catch (cause) {
      this.#options.onEvent({ kind: 'NotFreed', storage: this.storage, error: TapedeckError.from(cause) });
    }
  }

  /** Never rejects: whoever appends or finishes hears of it. `left`: the old upload has let its memory go. */
  async #replay(upload: Upload, left: Promise<void>): Promise<void> {
    try {
      await left.catch(() => undefined); // Whoever moved hears of it.
      const { bytes } = this.#kept;
      if (bytes === undefined)
        throw new TapedeckError('ScratchFull', `Scratch does not hold ${this.key} any more.`);
      const start = this.#end?.replaceStart;
      this.#isStartReplaced = start !== undefined;
      const onCaughtUp = () => {
        if (this.#route.upload === upload) this.#replaying = undefined;
      };
      await replayKept(upload, bytes, { start, onCaughtUp });
      void this.#tidy(upload);
    } catch (cause) {
      if (this.#route.upload !== upload) return;
      const error = TapedeckError.from(cause);
      if (mayGoElsewhere(error) && (await this.#route.move(error, upload).catch(() => false))) return;
      this.#failure = error;
      this.#replaying = undefined;
    }
  }

  /**
   * The new storage holds all: the old ones need not, and with none left to go to scratch need not either. Never rejects.
   */
  async #tidy(upload: Upload): Promise<void> {
    try {
      await upload.flush();
    } catch {
      return; // It ended meanwhile, well or not: whoever ended it tidies up.
    }
    if (this.#route.upload !== upload) return;
    if (this.#route.isLast && this.#end === undefined) await this.#stopKeeping();
    await this.#route.dropLeft();
  }

  async flush(options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#appends.settled();
    await this.#caughtUp(options.signal);
    await this.#route.upload?.flush(options);
  }

  async #caughtUp(signal: AbortSignal | undefined): Promise<void> {
    while (this.#replaying !== undefined && !signal?.aborted) await untilAbort(this.#replaying, signal);
    this.#throwIfOver();
    if (this.#replaying !== undefined) {
      throw new TapedeckError(
        'StorageUnreachable',
        `Not all of ${this.key} is in ${this.storage} yet: the time to wait for it was over.`,
      );
    }
  }

  async finish(options: FinishOptions = {}): Promise<UploadedObject> {
    const quiet = this.#appends.hurryOn(options.signal);
    try {
      await this.#appends.settled();
      this.#end = options;
      const object = await this.#finish(options);
      await this.#stopKeeping();
      await this.#route.dropAtEnd();
      return object;
    } finally {
      quiet();
      await this.close();
    }
  }

  async #finish(options: FinishOptions): Promise<UploadedObject> {
    for (;;) {
      await this.#caughtUp(options.signal);
      const { upload } = this.#route;
      if (upload === undefined) throw new TapedeckError('Aborted', `The upload of ${this.key} is not open.`);
      const { replaceStart: _, ...rest } = options;
      try {
        return await upload.finish(this.#isStartReplaced ? rest : options);
      } catch (cause) {
        if (this.#route.upload !== upload) continue;
        const error = TapedeckError.from(cause);
        const isOver = options.signal?.aborted === true || !mayGoElsewhere(error);
        if (isOver || !(await this.#route.move(error, upload))) throw error;
      }
    }
  }

  async abort(): Promise<void> {
    clearInterval(this.#ticker);
    this.#closing ??= Promise.resolve();
    const { upload } = this.#route;
    const aborted = await Promise.allSettled([upload?.abort(), this.#route.dropLeft(), this.#stopKeeping()]);
    for (const one of aborted) if (one.status === 'rejected') throw one.reason;
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      clearInterval(this.#ticker);
      // Another process may have to go on from scratch; what the disk has no room for is in the storage, or lost with it.
      this.#kept.bytes?.lift();
      await this.#kept.bytes?.drain({ all: true }).catch(() => undefined);
      await this.#route.upload?.close();
    })();
    return this.#closing;
  }

  #tick(): void {
    if (this.#kept.isDrainDue(this.#options.durabilitySeconds)) void this.#drain(true);
    const { upload, mayAsk } = this.#route;
    const trouble = upload?.progress.trouble;
    if (trouble === undefined || !mayAsk) return;
    if (!isLost(trouble, Date.now(), this.#options.fallbackAfterSeconds * 1000)) return;
    const why = new TapedeckError(trouble.code, trouble.message);
    if (this.#kept.bytes === undefined) void this.#cut(why);
    else this.#route.move(why, upload).catch(() => undefined); // The next tick asks again.
  }

  #throwIfOver(): void {
    if (this.#closing !== undefined)
      throw new TapedeckError('Aborted', `The upload of ${this.key} is closed.`);
    if (this.#failure !== undefined) throw this.#failure;
  }
}
