import { TapedeckError } from '@tapedeck/core';
import { type CallTimeouts, callOnce, putTimeoutMs } from './call.ts';
import { createChanges } from './changes.ts';
import type { Driver, UploadToken } from './driver.ts';
import { parallelPuts } from './parallel-puts.ts';
import { needsPut, type PartList, type PartRecord } from './part-list.ts';
import { addPending, type PendingPut } from './pending-puts.ts';
import { isAmbiguous, mayRetry, type RetryPolicy, retryDelayMs } from './retry-policy.ts';
import type { UploadProgress } from './store.ts';
import type { UnitMemory } from './unit-memory.ts';

/** With more than so many missing, the unfinished part waits for the whole ones before it. */
const MAX_MISSING_BESIDE_GROWING = 2;
/** A put that is not through after so long means that the link is slower than the recording. */
export const SLOW_PUT_MS = 3_000;

export interface SenderPorts {
  readonly driver: Driver;
  readonly policy: RetryPolicy;
  readonly timeouts: CallTimeouts;
  /** For messages. */
  readonly key: string;
  readonly list: PartList;
  readonly memory: Pick<UnitMemory, 'disown'>;
  readonly readSpooled: (number: number) => Promise<readonly Uint8Array[]>;
  /** A part's `pending` is new; its put begins as soon as this returns. */
  readonly onPending: () => void;
  /** The part's `stored` is new. */
  readonly onStored: (part: PartRecord) => void;
}

/**
 * Brings parts to the storage: in order, a few at a time, each number one put at a time, again after a
 * back-off that all share. While the storage is in trouble a single put tries whether it is back.
 */
export class PartSender {
  readonly changes = createChanges();
  readonly #ports: SenderPorts;
  readonly #stop = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  #token: UploadToken;
  #isOpen = false;
  #isAtEnd = false;
  /** Part 1 waits until all the others are in the storage. */
  #isHeadLast = false;
  /** Index of the first part that is not final in the storage. */
  #firstMissing = 0;
  #failure: TapedeckError | undefined;
  #trouble: UploadProgress['trouble'];
  #failures = 0;
  /** The put that was answered last took less than `SLOW_PUT_MS`. */
  #isQuick = false;
  #notBeforeMs = 0;
  #wakeUp: NodeJS.Timeout | undefined;

  constructor(ports: SenderPorts) {
    this.#ports = ports;
  }

  /** Fires when the upload ends for this process. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get token(): UploadToken {
    return this.#token;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Set for good (until `startEnd`): the storage refuses, and trying again does not help. */
  get failure(): TapedeckError | undefined {
    return this.#failure;
  }

  /** The last failure, as long as no call has worked since. */
  get trouble(): UploadProgress['trouble'] {
    return this.#trouble;
  }

  get isAway(): boolean {
    return this.#trouble !== undefined || !this.#isOpen;
  }

  /** Away, or taking parts so slowly that they pile up. */
  get isSlow(): boolean {
    const now = Date.now();
    return (
      this.isAway || this.missing().some(({ sendingSinceMs }) => now - (sendingSinceMs ?? now) >= SLOW_PUT_MS)
    );
  }

  /** Length of the object as far as the storage holds it without a hole. */
  get storedEnd(): number {
    this.#first();
    // A new head puts nothing new behind it: until it is sent, the old one holds its place.
    const isHeld = ({ sealed, size, stored }: PartRecord) => sealed && stored?.size === size;
    const part = this.#ports.list.parts.slice(this.#firstMissing).find((part) => !isHeld(part));
    return part === undefined ? this.#ports.list.size : part.offset + (part.stored?.size ?? 0);
  }

  open(token: UploadToken): void {
    this.#token = token;
    this.#isOpen = true;
    this.pump();
  }

  /** Parts that the storage does not hold as they are, in order. */
  missing(): PartRecord[] {
    this.#first();
    const { parts } = this.#ports.list;
    return parts.slice(this.#firstMissing).filter((part) => part.revision > 0 && needsPut(part));
  }

  /** Looks at all parts anew: what was final is not, or no longer. */
  reconsider(): void {
    this.#firstMissing = 0;
  }

  /**
   * All is sealed. What was refused once may be allowed by now, so it is tried again. `headLast`: part 1 is to be
   * there only once all the others are, for its new head speaks of them.
   */
  startEnd({ headLast }: { readonly headLast: boolean }): void {
    this.#isAtEnd = true;
    this.#isHeadLast = headLast;
    this.#failure = undefined;
    this.#failures = 0;
    this.#notBeforeMs = 0;
    this.reconsider();
  }

  /** Starts as many puts of sealed parts as may run, in order; with a new head part 1 comes after all others. */
  pump(): void {
    if (!this.#maySend()) return;
    const missing = this.missing();
    const mayTakeHead = !this.#isHeadLast || missing.every(({ number }) => number === 1);
    const ready = missing.filter((part) => part.sealed && (mayTakeHead || part.number > 1));
    const isSingle = this.#trouble !== undefined || this.#ports.driver.capabilities.sequence !== undefined;
    const limit = isSingle
      ? 1
      : parallelPuts({ partSize: ready[0]?.size ?? 0, isQuick: this.#isQuick, isAtEnd: this.#isAtEnd });
    let sending = missing.filter((part) => part.sendingSinceMs !== undefined).length;
    for (const part of ready) {
      if (sending >= limit) break;
      if (part.sendingSinceMs !== undefined) continue;
      this.#send(part);
      sending++;
    }
  }

  /** Puts the unfinished part as it is, unless an earlier put of it runs or whole parts have to catch up. */
  putGrowing(): void {
    const part = this.#ports.list.growing;
    if (part === undefined || !needsPut(part) || part.sendingSinceMs !== undefined) return;
    if (!this.#ports.driver.capabilities.replaceParts || !this.#maySend()) return;
    if (this.missing().length <= MAX_MISSING_BESIDE_GROWING) this.#send(part);
  }

  /** What was refused once may be allowed by now: it is tried again. */
  forgive(): void {
    this.#failure = undefined;
    this.#failures = 0;
    this.#notBeforeMs = 0;
    this.pump();
  }

  noteTrouble(error: TapedeckError): void {
    const sinceMs = this.#trouble?.sinceMs ?? Date.now();
    this.#trouble = { code: error.code, message: error.message, sinceMs };
    const delay = retryDelayMs(this.#ports.policy, ++this.#failures);
    this.#notBeforeMs = Date.now() + delay;
    clearTimeout(this.#wakeUp);
    if (this.#stop.signal.aborted) return;
    this.#wakeUp = setTimeout(() => {
      this.pump();
      this.changes.notify();
    }, delay + 1);
  }

  noteSuccess(): void {
    // A put that was on its way before the storage refused says nothing of what comes after.
    if (this.#failure !== undefined) return;
    this.#trouble = undefined;
    this.#failures = 0;
    this.#notBeforeMs = 0;
  }

  fail(error: TapedeckError): void {
    this.#failure = error;
    this.changes.notify();
  }

  /** Ends all puts; resolves when none runs any more. */
  async stop(): Promise<void> {
    clearTimeout(this.#wakeUp);
    this.#stop.abort();
    this.changes.notify();
    await Promise.allSettled([...this.#inFlight]);
  }

  #maySend(): boolean {
    if (!this.#isOpen || this.#failure !== undefined || this.#stop.signal.aborted) return false;
    return Date.now() >= this.#notBeforeMs;
  }

  #first(): PartRecord | undefined {
    const { parts } = this.#ports.list;
    let part = parts[this.#firstMissing];
    while (part?.sealed && !needsPut(part)) part = parts[++this.#firstMissing];
    return part;
  }

  /** Every number has one put at a time: nothing else sets `sendingSinceMs`. */
  #send(part: PartRecord): void {
    part.sendingSinceMs = Date.now();
    const put = this.#put(part)
      .catch((error: unknown) => this.#putFailed(part, TapedeckError.from(error)))
      .finally(() => {
        delete part.sendingSinceMs;
        this.#inFlight.delete(put);
        this.pump();
        this.changes.notify();
      });
    this.#inFlight.add(put);
  }

  async #put(part: PartRecord): Promise<void> {
    const { driver, timeouts, key, memory, readSpooled, onPending, onStored } = this.#ports;
    const { number, offset, size, crc32, revision } = part;
    const bytes = part.bytes === undefined ? await readSpooled(number) : [...part.bytes];
    const what = `Putting part ${number} of ${key}`;
    const put = { number, offset, size, bytes, crc32, revision };
    const before = part.pending;
    const startMs = performance.now();
    if (driver.predictReceipt !== undefined) {
      part.pending = addPending(before, { revision, size, receipt: driver.predictReceipt(put) });
      onPending();
    }
    try {
      const receipt = await callOnce(what, putTimeoutMs(timeouts, size), this.#stop.signal, (signal) =>
        driver.putPart(this.#token, put, { signal }),
      );
      this.#isQuick = performance.now() - startMs < SLOW_PUT_MS;
      part.stored = { revision, size, receipt };
      delete part.pending;
    } catch (cause) {
      const error = TapedeckError.from(cause);
      // What became of the call may be sending them yet.
      memory.disown(bytes);
      // It cannot have arrived; one that was cut off may have.
      if (!isAmbiguous(error) && error.code !== 'Aborted') restorePending(part, before);
      throw error;
    }
    this.noteSuccess();
    onStored(part);
  }

  #putFailed(part: PartRecord, error: TapedeckError): void {
    if (this.#stop.signal.aborted) return;
    if (isAmbiguous(error)) part.suspect = true;
    this.noteTrouble(error);
    if (!mayRetry(this.#ports.policy, error, this.#failures)) this.fail(error);
  }
}

function restorePending(part: PartRecord, before: readonly PendingPut[] | undefined): void {
  if (before === undefined) delete part.pending;
  else part.pending = before;
}
