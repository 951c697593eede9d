import { TapedeckError, type UploadJournal } from '@tapedeck/core';
import type { Store, Upload } from '../store.ts';
import type { FallbackOptions } from './fallback-contract.ts';
import { createFallbackJournals } from './fallback-journals.ts';
import { createFallbackOpening, type FallbackOpening } from './fallback-opening.ts';
import { createLeftUploads } from './left-uploads.ts';

/** When no other storage took the file, they are asked again after this long. */
const ASK_AGAIN_MS = 30_000;

export interface FallbackRouteHooks {
  /** Whether the file can still be sent from its beginning. */
  readonly mayMove: () => boolean;
  /** Another upload is in use, and has nothing yet. `left` resolves once the old one holds nothing in memory any more. */
  readonly onMoved: (upload: Upload, left: Promise<void>) => void;
  /** Fires when there is no time to ask another storage. */
  readonly hurry: AbortSignal;
}

/**
 * The storages of a file in order of preference, the upload in the one that is in use, and what those before it still
 * have. It never goes back.
 */
export class FallbackRoute {
  readonly #stores: readonly Store[];
  readonly #options: FallbackOptions;
  readonly #hooks: FallbackRouteHooks;
  readonly #journals = createFallbackJournals();
  readonly #left = createLeftUploads((index) => this.#journals.forget(index));
  readonly #open: FallbackOpening;
  #index = -1;
  #upload: Upload | undefined;
  #opening: Promise<boolean> | undefined;
  #askAgainMs = 0;

  constructor(stores: readonly Store[], options: FallbackOptions, hooks: FallbackRouteHooks) {
    this.#stores = stores;
    this.#options = options;
    this.#hooks = hooks;
    this.#open = createFallbackOpening(stores, options, this.#journals);
  }

  get upload(): Upload | undefined {
    return this.#upload;
  }

  get storage(): string {
    return this.#stores[Math.max(0, this.#index)]?.name ?? '';
  }

  get isLast(): boolean {
    return this.#index >= this.#stores.length - 1;
  }

  /** None of the others is being asked, nor was a moment ago. */
  get mayAsk(): boolean {
    return this.#opening === undefined && Date.now() >= this.#askAgainMs;
  }

  get dropped(): readonly UploadJournal[] {
    return this.#journals.dropped;
  }

  /** In the first storage that takes it; rejects with the last one's refusal. */
  async begin(): Promise<void> {
    for (const index of this.#stores.keys()) {
      try {
        const { signal, openInBackground = false } = this.#options;
        this.#upload = await this.#open(index, this.#index, { openInBackground, ...(signal && { signal }) });
        this.#index = index;
        return;
      } catch (error) {
        if (index === this.#stores.length - 1 || this.#options.signal?.aborted) throw error;
        this.#passOver(index, error);
      }
    }
  }

  /** Goes on in the next storage that takes the file; false when none does. One move at a time. */
  async move(why: TapedeckError, from: Upload | undefined): Promise<boolean> {
    await this.#opening;
    if (this.#upload !== from) return true;
    this.#opening ??= this.#openNext(why).finally(() => {
      this.#opening = undefined;
    });
    return await this.#opening;
  }

  /** Drops what earlier storages have of the file, as far as they can be asked. */
  dropLeft(): Promise<void> {
    return this.#left.drop();
  }

  /** The file is complete: a last try, and a word for each that stays. */
  async dropAtEnd(): Promise<void> {
    await this.#left.dropAtEnd((storage, error) => this.#options.onEvent({ kind: 'Left', storage, error }));
  }

  async #openNext(error: TapedeckError): Promise<boolean> {
    const [old, from, before] = [this.#upload, this.storage, this.#index];
    const { mayMove, onMoved, hurry } = this.#hooks;
    for (let index = before + 1; index < this.#stores.length && mayMove() && !hurry.aborted; index++) {
      let next: Upload;
      try {
        next = await this.#open(index, before, { openInBackground: false, signal: hurry });
      } catch (cause) {
        if (!hurry.aborted) this.#passOver(index, cause);
        continue;
      }
      if (!mayMove()) {
        this.#journals.forget(index);
        this.#journals.returnTo(this.#index);
        await next.abort().catch(() => undefined); // It holds nothing yet.
        break;
      }
      this.#index = index;
      this.#upload = next;
      if (old !== undefined) this.#left.add(before, old);
      // Whoever waits for the old one is rejected, and finds the new one.
      const left = old?.close() ?? Promise.resolve();
      onMoved(next, left);
      this.#options.onEvent({ kind: 'Moved', from, to: this.storage, error });
      await left;
      return true;
    }
    this.#askAgainMs = Date.now() + ASK_AGAIN_MS;
    return false;
  }

  #passOver(index: number, error: unknown): void {
    const storage = this.#stores[index]?.name ?? '';
    this.#options.onEvent({ kind: 'PassedOver', storage, error: TapedeckError.from(error) });
  }
}
