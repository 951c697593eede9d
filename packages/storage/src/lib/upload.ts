import { TapedeckError, type UploadJournal } from '@tapedeck/core';
import { abortedError, type CallTimeouts, callOnce, callWithRetries, putTimeoutMs } from './call.ts';
import { completeUpload } from './completion.ts';
import { formatCrc32 } from './crc32.ts';
import type { Driver, ObjectInfo, Part, PartReceipt, UploadToken } from './driver.ts';
import { buildJournal, type JournalHead } from './journal.ts';
import { createLagMeter } from './lag-meter.ts';
import { createPartList, needsPut, type PartList, type PartRecord } from './part-list.ts';
import type { PartPlan } from './part-plan.ts';
import { isAmbiguous, mayRetry, type RetryPolicy, retryDelayMs } from './retry-policy.ts';
import type { Spool } from './spool.ts';
import type { FinishOptions, Upload, UploadedObject, UploadOptions, UploadProgress } from './store.ts';

/**
 * Memory: part 1 (kept), the growing part, two sealed ones on their way and two suspects: six times 5 MiB plus
 * a unit each, about 35 MiB. Past 8 MiB a part only one is on its way at a time.
 */
const MAX_SEALED_IN_MEMORY = 2;
const MAX_SUSPECTS_IN_MEMORY = 2;
const LARGE_PART = 8 * 1024 * 1024;
/** Part 1 and two at the end go out side by side. */
const PARALLEL_PUTS_AT_END = 3;
/** Kept on scratch besides the parts that wait, for the case that a stale put arrives late. */
const MAX_SUSPECTS_ON_SPOOL = 16;
/** A put that is not through after so long means that the link is slower than the recording: go to scratch. */
const SLOW_PUT_MS = 3_000;
/** The unfinished part goes out when its oldest byte has used up this share of the durability. */
const DURABILITY_SHARE = 0.8;
const MIN_TICK_MS = 100;
/** How long an upload that opens in the background may keep its creator waiting. */
const BACKGROUND_OPEN_MS = 3_000;
/** A part may be found stale again right after it was put again; not for ever. */
const MAX_HEALINGS = 3;

export interface UploadPorts {
  readonly driver: Driver;
  readonly plan: PartPlan;
  readonly policy: RetryPolicy;
  readonly timeouts: CallTimeouts;
  /** Name of the storage in the run spec. */
  readonly storage: string;
  /** With the prefix. */
  readonly fullKey: string;
  readonly spool: Spool | undefined;
}

/** See `Upload` for what it promises. All state changes happen between awaits; `changed` tells who waits. */
export class OpenUpload implements Upload {
  readonly key: string;
  readonly #ports: UploadPorts;
  readonly #options: UploadOptions;
  readonly #list: PartList;
  readonly #lag = createLagMeter();
  readonly #stop = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #waiting = new Set<() => void>();
  #token: UploadToken;
  #isOpen = false;
  /** Index of the first part that is not final in the storage. */
  #firstUnstored = 0;
  #failure: TapedeckError | undefined;
  #failures = 0;
  #notBeforeMs = 0;
  #trouble: { code: string; message: string; sinceMs: number } | undefined;
  #suspectsOnSpool = 0;
  #appending: Promise<unknown> = Promise.resolve();
  #spooling: Promise<unknown> = Promise.resolve();
  #bytesSpooled = 0;
  #ticker: NodeJS.Timeout | undefined;
  #wakeUp: NodeJS.Timeout | undefined;
  #finishing = false;
  #closing: Promise<void> | undefined;

  constructor(ports: UploadPorts, options: UploadOptions) {
    this.key = options.key;
    this.#ports = ports;
    this.#options = options;
    const filler =
      options.filler === undefined
        ? undefined
        : { make: options.filler, minSize: options.minFillerSize ?? 8 };
    this.#list = createPartList(ports.plan, filler);
  }

  get progress(): UploadProgress {
    return {
      bytesAppended: this.#list.size,
      bytesStored: this.#storedEnd(),
      lagSeconds: this.#lag.lagSeconds(Date.now()),
      bytesSpooled: this.#bytesSpooled,
      ...(this.#trouble && { trouble: this.#trouble }),
    };
  }

  get wholeInMemory(): boolean {
    return this.#list.wholeInMemory;
  }

  /** Begins; the journal is durable once this resolves. */
  async open(): Promise<void> {
    const inBackground = this.#options.openInBackground === true && this.#ports.spool !== undefined;
    const opening = this.#begin(inBackground);
    const tickMs = Math.max(MIN_TICK_MS, this.#options.durabilitySeconds * 1000 * DURABILITY_SHARE);
    if (!inBackground) await opening;
    else {
      const patience = Promise.withResolvers<'later'>();
      const timer = setTimeout(() => patience.resolve('later'), BACKGROUND_OPEN_MS);
      try {
        if ((await Promise.race([opening, patience.promise])) === 'later') {
          opening.catch((error: unknown) => this.#fail(TapedeckError.from(error)));
          await this.#options.onJournal(this.#journal());
        }
      } finally {
        clearTimeout(timer);
      }
    }
    this.#ticker = setInterval(() => this.#tick(), tickMs);
  }

  async #begin(endless: boolean): Promise<void> {
    const { driver, policy, timeouts, fullKey } = this.#ports;
    const { contentType } = this.#options;
    const begin = () =>
      callOnce(`Opening the upload of ${this.key}`, timeouts.callMs, this.#stop.signal, (signal) =>
        driver.begin({ key: fullKey, contentType }, { signal }),
      );
    this.#token = await callWithRetries(policy, { signal: this.#stop.signal, endless }, begin, (error) =>
      this.#noteTrouble(error),
    );
    this.#trouble = undefined;
    await this.#options.onJournal(this.#journal());
    this.#isOpen = true;
    this.#pump();
  }

  append(unit: Uint8Array): Promise<number> {
    const appended = this.#appending.then(() => this.#append(unit));
    this.#appending = appended.catch(() => undefined); // Its caller hears of it; the next append is judged anew.
    return appended;
  }

  async #append(unit: Uint8Array): Promise<number> {
    if (this.#finishing) throw new TapedeckError('Aborted', `The upload of ${this.key} is being finished.`);
    await this.#makeRoom();
    const offset = this.#list.add(unit);
    this.#lag.appended(this.#list.size, Date.now());
    this.#pump();
    return offset;
  }

  /** Resolves when so few sealed parts are in memory that another may begin to grow. */
  async #makeRoom(): Promise<void> {
    for (;;) {
      this.#throwIfOver();
      const held = this.#unstored().filter(
        (part) => part.sealed && part.bytes !== undefined && part.number > 1,
      );
      const limit = (held[0]?.size ?? 0) > LARGE_PART ? 1 : MAX_SEALED_IN_MEMORY;
      if (held.length <= limit) return;
      const newest = held.at(-1);
      if (newest !== undefined && this.#ports.spool !== undefined && this.#isSlow()) {
        try {
          await this.#keepOnSpool(newest);
          continue;
        } catch (error) {
          // While the storage takes parts, however slowly, waiting for it is better than giving up.
          if (this.#isAway()) throw error;
        }
      }
      await this.#change(undefined, SLOW_PUT_MS);
    }
  }

  #isSlow(): boolean {
    const now = Date.now();
    return (
      this.#isAway() || this.#unstored().some((part) => now - (part.sendingSinceMs ?? now) >= SLOW_PUT_MS)
    );
  }

  #isAway(): boolean {
    return this.#trouble !== undefined || !this.#isOpen;
  }

  async flush(options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#appending;
    const goal = this.#list.size;
    const canPutGrowing = this.#ports.driver.capabilities.replaceParts;
    for (;;) {
      this.#throwIfOver();
      const growing = this.#list.growing;
      if (this.#storedEnd() >= goal || (!canPutGrowing && this.#storedEnd() >= (growing?.offset ?? goal)))
        return;
      this.#putGrowing();
      await this.#change(options.signal, this.#ports.policy.maxDelayMs);
      if (options.signal?.aborted) throw abortedError(options.signal.reason);
    }
  }

  async finish(options: FinishOptions = {}): Promise<UploadedObject> {
    await this.#appending;
    if (this.#finishing) throw new TapedeckError('Aborted', `The upload of ${this.key} was finished before.`);
    this.#throwIfClosed();
    this.#layOutEnd(options);
    this.#finishing = true;
    // What was refused once may be allowed by now, and all that was appended before can still be completed.
    this.#failure = undefined;
    this.#failures = 0;
    this.#notBeforeMs = 0;
    this.#firstUnstored = 0;
    this.#lag.appended(this.#list.size, Date.now());
    try {
      const info = await this.#deliverAndComplete(options.signal);
      await this.#serialSpool(async () => this.#ports.spool?.clear());
      const { driver, fullKey } = this.#ports;
      const crc32 = formatCrc32(this.#list.crc32());
      return { ...info, key: this.key, url: driver.url(fullKey), crc32 };
    } catch (error) {
      // Whoever completes it later finds there what the storage does not have.
      await this.#spoolAll();
      throw error;
    } finally {
      await this.close();
    }
  }

  #layOutEnd({ head, tail, replaceStart }: FinishOptions): void {
    const start = replaceStart ?? (head && { length: head.length, bytes: head });
    if (start !== undefined) {
      if (!this.wholeInMemory && !this.#ports.driver.capabilities.rewriteFirstPart) {
        throw new TapedeckError(
          'NotSupported',
          'This storage does not take part 1 again once others followed.',
        );
      }
      this.#list.replaceStart(start.length, start.bytes);
    }
    this.#list.end(tail ?? new Uint8Array());
  }

  async #deliverAndComplete(signal: AbortSignal | undefined): Promise<ObjectInfo> {
    for (let healings = 0; ; healings++) {
      await this.#deliver(signal);
      try {
        return await this.#complete(signal);
      } catch (error) {
        const isMismatch = error instanceof TapedeckError && error.code === 'PartMismatch';
        if (!isMismatch || healings >= MAX_HEALINGS) throw error;
        await this.#heal(signal);
      }
    }
  }

  /** Resolves when every part is in the storage. */
  async #deliver(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      this.#throwIfOver();
      this.#pump();
      if (this.#unstored().length === 0 && this.#isOpen) return;
      if (signal?.aborted) throw this.#undelivered();
      await this.#change(signal, this.#ports.policy.maxDelayMs);
    }
  }

  #undelivered(): TapedeckError {
    const why = this.#trouble?.message ?? 'the time to wait for it was over.';
    const missing = this.#list.size - this.#storedEnd();
    const what =
      missing > 0
        ? `${missing} bytes of ${this.key} are not in the storage yet`
        : `${this.key} is not complete yet`;
    return new TapedeckError('StorageUnreachable', `${what}: ${why}`);
  }

  async #complete(signal: AbortSignal | undefined): Promise<ObjectInfo> {
    const { driver, policy, timeouts, fullKey } = this.#ports;
    const parts = this.#journal().parts.map((part) => ({ ...part, receipt: part.receipt }));
    const upload = { token: this.#token, key: fullKey };
    const either = signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]);
    const onFailure = (error: TapedeckError) => this.#noteTrouble(error);
    try {
      return await completeUpload(driver, upload, parts, {
        policy,
        timeouts,
        signal: either,
        endless: true,
        onFailure,
      });
    } catch (error) {
      const { code, retry } = TapedeckError.from(error);
      if (signal?.aborted && (code === 'Aborted' || retry !== 'stalled')) throw this.#undelivered();
      throw error;
    }
  }

  /**
   * A stale put arrived after a newer one. Whatever bytes are still here are put again; of the others the
   * service is asked what it holds, and the same size means the same bytes, for parts only ever grow.
   */
  async #heal(signal: AbortSignal | undefined): Promise<void> {
    const { driver, timeouts } = this.#ports;
    const listed = await callOnce('Listing the parts', timeouts.callMs, signal, async (signal) =>
      driver.listParts?.(this.#token, { signal }),
    ).catch(() => undefined); // Asking is optional; without an answer everything at hand is put again.
    const held = new Map(listed?.map((part) => [part.number, part]));
    for (const part of this.#list.parts) {
      const there = held.get(part.number);
      const same =
        part.stored !== undefined && JSON.stringify(there?.receipt) === JSON.stringify(part.stored.receipt);
      if (listed !== undefined && same) continue;
      if (part.bytes !== undefined || part.spooled === part.revision) delete part.stored;
      else if (there?.size === part.size)
        part.stored = { revision: part.revision, size: part.size, receipt: there.receipt };
    }
    this.#firstUnstored = 0;
  }

  async abort(): Promise<void> {
    await this.#shutDown(false);
    const { driver, policy, timeouts, spool } = this.#ports;
    await this.#serialSpool(async () => spool?.clear());
    if (!this.#isOpen) return;
    await callWithRetries(policy, {}, () =>
      callOnce(`Dropping the upload of ${this.key}`, timeouts.callMs, undefined, (signal) =>
        driver.abort(this.#token, { signal }),
      ),
    );
  }

  close(): Promise<void> {
    return this.#shutDown(true);
  }

  #shutDown(keep: boolean): Promise<void> {
    this.#closing ??= (async () => {
      clearInterval(this.#ticker);
      clearTimeout(this.#wakeUp);
      if (keep && this.#isAway() && this.#unstored().length > 0) await this.#spoolAll();
      this.#stop.abort();
      this.#notify();
      await Promise.allSettled([...this.#inFlight]);
      await this.#spooling;
    })();
    return this.#closing;
  }

  // ── sending ──

  /** Starts as many puts of sealed parts as may run, in order; part 1 with its new head comes last. */
  #pump(): void {
    const now = Date.now();
    if (!this.#isOpen || this.#failure !== undefined || this.#stop.signal.aborted) return;
    if (now < this.#notBeforeMs) return;
    const unstored = this.#unstored();
    const ready = unstored.filter((part) => part.sealed);
    const first = ready[0];
    if (this.#finishing && first?.number === 1) ready.push(...ready.splice(0, 1));
    const large = (first?.size ?? 0) > LARGE_PART;
    const usual = this.#finishing ? PARALLEL_PUTS_AT_END : MAX_SEALED_IN_MEMORY;
    const limit = this.#trouble !== undefined || large ? 1 : usual;
    let sending = unstored.filter((part) => part.sendingSinceMs !== undefined).length;
    for (const part of ready) {
      if (sending >= limit) break;
      if (part.sendingSinceMs !== undefined) continue;
      this.#send(part);
      sending++;
    }
  }

  #tick(): void {
    if (this.#isAway() || this.#lag.lagSeconds(Date.now()) > 2 * this.#options.durabilitySeconds + 1) {
      void this.#spoolAll();
    }
    this.#putGrowing();
    this.#pump();
  }

  /** Puts the unfinished part as it is, unless an earlier put of it runs or whole parts have to catch up. */
  #putGrowing(): void {
    const part = this.#list.growing;
    if (part === undefined || !needsPut(part) || part.sendingSinceMs !== undefined) return;
    if (!this.#ports.driver.capabilities.replaceParts || !this.#isOpen || this.#failure !== undefined) return;
    if (Date.now() < this.#notBeforeMs || this.#unstored().length > MAX_SEALED_IN_MEMORY) return;
    this.#send(part);
  }

  /** Puts a part once. Every number has one put at a time: nothing else sets `sendingSinceMs`. */
  #send(part: PartRecord): void {
    part.sendingSinceMs = Date.now();
    const put = this.#put(part)
      .catch((error: unknown) => this.#putFailed(part, TapedeckError.from(error)))
      .finally(() => {
        delete part.sendingSinceMs;
        this.#inFlight.delete(put);
        this.#pump();
        this.#notify();
      });
    this.#inFlight.add(put);
  }

  async #put(part: PartRecord): Promise<void> {
    const { driver, timeouts } = this.#ports;
    const { number, offset, size, revision } = part;
    const bytes = part.bytes === undefined ? await this.#readSpooled(number) : [...part.bytes];
    const snapshot: Part = { number, offset, size, bytes };
    const what = `Putting part ${number} of ${this.key}`;
    const receipt = await callOnce(what, putTimeoutMs(timeouts, size), this.#stop.signal, (signal) =>
      driver.putPart(this.#token, snapshot, { signal }),
    );
    this.#stored(part, { revision, size, receipt });
  }

  async #readSpooled(number: number): Promise<readonly Uint8Array[]> {
    if (this.#ports.spool === undefined) throw new TapedeckError('Unknown', `Part ${number} is lost.`);
    return (await this.#ports.spool.read(number)).bytes;
  }

  #stored(part: PartRecord, stored: { revision: number; size: number; receipt: PartReceipt }): void {
    part.stored = stored;
    this.#trouble = undefined;
    this.#failures = 0;
    this.#notBeforeMs = 0;
    this.#lag.stored(this.#storedEnd());
    const isFinal = part.sealed && !needsPut(part);
    const keepForHealing = part.suspect && isFinal && part.number > 1;
    if (keepForHealing) this.#keepSuspect(part);
    // The first part gets a new head at the end; at the end itself all may have to be put again.
    else if (isFinal && part.number > 1 && !this.#finishing) part.bytes = undefined;
    void this.#publishJournal().then(() => this.#dropSpooled(part));
  }

  #putFailed(part: PartRecord, error: TapedeckError): void {
    if (this.#stop.signal.aborted) return;
    if (isAmbiguous(error)) part.suspect = true;
    this.#noteTrouble(error);
    if (!mayRetry(this.#ports.policy, error, this.#failures)) this.#fail(error);
  }

  #noteTrouble(error: TapedeckError): void {
    const sinceMs = this.#trouble?.sinceMs ?? Date.now();
    this.#trouble = { code: error.code, message: error.message, sinceMs };
    const delay = retryDelayMs(this.#ports.policy, ++this.#failures);
    this.#notBeforeMs = Date.now() + delay;
    clearTimeout(this.#wakeUp);
    if (this.#stop.signal.aborted) return;
    this.#wakeUp = setTimeout(() => {
      this.#pump();
      this.#notify();
    }, delay + 1);
  }

  #fail(error: TapedeckError): void {
    this.#failure = error;
    this.#notify();
  }

  // ── journal ──

  #journal(): UploadJournal {
    const head: JournalHead = {
      version: 1,
      storage: this.#ports.storage,
      key: this.key,
      contentType: this.#options.contentType,
      token: this.#token ?? null,
    };
    return buildJournal(head, this.#list.parts);
  }

  async #publishJournal(): Promise<void> {
    try {
      await this.#options.onJournal(this.#journal());
    } catch {
      // Whoever keeps journals answers for them, and the next change brings a newer one.
    }
  }

  // ── scratch ──

  /** One spool operation at a time, so that a removal cannot overtake the write before it. */
  #serialSpool<T>(operation: () => Promise<T>): Promise<T> {
    const done = this.#spooling.then(operation);
    this.#spooling = done
      .catch(() => undefined) // The caller hears of it.
      .then(() => {
        this.#bytesSpooled = this.#ports.spool?.bytes ?? 0;
      });
    return done;
  }

  /** Writes one part to scratch as it is now; whole parts leave memory for it. */
  #keepOnSpool(part: PartRecord): Promise<void> {
    return this.#serialSpool(async () => {
      const { spool } = this.#ports;
      if (spool === undefined || part.bytes === undefined) return;
      if (part.spooled !== part.revision) {
        if (!needsPut(part) && !part.suspect) return;
        const { number, offset, size, revision } = part;
        await spool.write({ number, offset, size, bytes: [...part.bytes] });
        part.spooled = revision;
      }
      if (part.sealed && part.number > 1 && part.spooled === part.revision) part.bytes = undefined;
    });
  }

  /** Everything that the storage does not hold, part 1 last: its new head speaks of what follows. */
  async #spoolAll(): Promise<void> {
    if (this.#ports.spool === undefined) return;
    const missing = this.#unstored();
    if (this.#finishing) missing.reverse();
    try {
      for (const part of missing) await this.#keepOnSpool(part);
    } catch {
      // What does not fit stays in memory; `append` says so when there is no room there either.
    }
  }

  async #dropSpooled(part: PartRecord): Promise<void> {
    await this.#serialSpool(async () => {
      if (part.spooled === undefined || part.suspect || (part.stored?.revision ?? -1) < part.spooled) return;
      await this.#ports.spool?.remove(part.number);
      delete part.spooled;
    }).catch(() => undefined); // A file too many is sent again by whoever finds it.
  }

  #keepSuspect(part: PartRecord): void {
    if (this.#ports.spool !== undefined && this.#suspectsOnSpool < MAX_SUSPECTS_ON_SPOOL) {
      this.#suspectsOnSpool++;
      this.#keepOnSpool(part).catch(() => {
        part.bytes = undefined; // No room to be careful; the part itself is stored.
      });
      return;
    }
    const held = this.#list.parts.filter(
      (other) => other.suspect && other.bytes !== undefined && !needsPut(other) && other.number > 1,
    );
    for (const other of held.slice(0, -MAX_SUSPECTS_IN_MEMORY)) other.bytes = undefined;
  }

  // ── state ──

  /** The first part that is not final in the storage. */
  #firstMissing(): PartRecord | undefined {
    const { parts } = this.#list;
    let part = parts[this.#firstUnstored];
    while (part?.sealed && !needsPut(part)) part = parts[++this.#firstUnstored];
    return part;
  }

  /** Parts that the storage does not hold as they are, in order. */
  #unstored(): PartRecord[] {
    this.#firstMissing();
    return this.#list.parts.slice(this.#firstUnstored).filter((part) => part.revision > 0 && needsPut(part));
  }

  /** Length of the object as far as the storage holds it without a hole. */
  #storedEnd(): number {
    const part = this.#firstMissing();
    return part === undefined ? this.#list.size : part.offset + (part.stored?.size ?? 0);
  }

  #throwIfClosed(): void {
    if (this.#closing !== undefined)
      throw new TapedeckError('Aborted', `The upload of ${this.key} is closed.`);
  }

  #throwIfOver(): void {
    this.#throwIfClosed();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves at the next change, when the signal fires, or after `atMostMs`. */
  async #change(signal: AbortSignal | undefined, atMostMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, atMostMs);
    const wake = () => resolve();
    signal?.addEventListener('abort', wake, { once: true });
    if (signal?.aborted) resolve();
    this.#waiting.add(wake);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      this.#waiting.delete(wake);
    }
  }

  #notify(): void {
    for (const wake of this.#waiting) wake();
  }
}
