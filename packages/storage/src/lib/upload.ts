import { TapedeckError, type UploadJournal } from '@tapedeck/core';
import { createAppendQueue } from './append-queue.ts';
import { abortedError, callOnce, callWithRetries } from './call.ts';
import { createCollector } from './collector.ts';
import { formatCrc32 } from './crc32.ts';
import { buildJournal } from './journal.ts';
import { createLagMeter } from './lag-meter.ts';
import { parallelPuts } from './parallel-puts.ts';
import { createPartKeeper, type PartKeeper } from './part-keeper.ts';
import { createPartList, headLast, needsPut, type PartList, type PartRecord } from './part-list.ts';
import { PartSender, SLOW_PUT_MS } from './part-sender.ts';
import type {
  AppendOptions,
  FinishOptions,
  Upload,
  UploadedObject,
  UploadOptions,
  UploadProgress,
} from './store.ts';
import { createUnitMemory } from './unit-memory.ts';
import { endUpload } from './upload-end.ts';
import { layOutEnd } from './upload-end-layout.ts';
import { createUploadOpening, type UploadOpening } from './upload-opening.ts';
import type { UploadPorts } from './upload-ports.ts';

/** The unfinished part goes out when its oldest byte has used up this share of the durability. */
const DURABILITY_SHARE = 0.8;
const MIN_TICK_MS = 100;
/** A header and nothing else: the smallest thing that readers of the formats skip. */
const MIN_FILLER_SIZE = 8;

/** See `Upload` for what it promises: the list lays parts out, the sender sends them, the keeper stores bytes. */
export class OpenUpload implements Upload {
  readonly key: string;
  readonly storage: string;
  readonly #ports: UploadPorts;
  readonly #options: UploadOptions;
  readonly #list: PartList;
  readonly #memory = createUnitMemory();
  readonly #keeper: PartKeeper;
  readonly #sender: PartSender;
  readonly #lag = createLagMeter();
  readonly #collector = createCollector();
  readonly #appends = createAppendQueue();
  #ticker: NodeJS.Timeout | undefined;
  readonly #opening: UploadOpening;
  #isFinishing = false;
  #closing: Promise<void> | undefined;

  constructor(ports: UploadPorts, options: UploadOptions) {
    const { driver, policy, timeouts, plan, spool } = ports;
    const { key, filler, minFillerSize = MIN_FILLER_SIZE } = options;
    this.key = key;
    this.storage = ports.storage;
    this.#ports = ports;
    this.#options = options;
    this.#list = createPartList(plan, filler && { make: filler, minSize: minFillerSize });
    this.#keeper = createPartKeeper(spool, this.#memory);
    this.#sender = new PartSender({
      driver,
      policy,
      timeouts,
      key,
      list: this.#list,
      memory: this.#memory,
      readSpooled: (number) => this.#keeper.read(number),
      onPending: () => void this.#publishJournal(),
      onStored: (part) => this.#stored(part),
    });
    this.#opening = createUploadOpening({
      driver,
      policy,
      timeouts,
      object: { key: ports.fullKey, contentType: options.contentType },
      key,
      sender: this.#sender,
      publish: async (token) => options.onJournal(this.#journal(token)),
      refusedIsAway: this.#mayWait,
      calledOff: options.signal,
    });
  }

  get progress(): UploadProgress {
    const { trouble, storedEnd } = this.#sender;
    return {
      bytesAppended: this.#list.size,
      bytesStored: storedEnd,
      lagSeconds: this.#lag.lagSeconds(Date.now()),
      bytesSpooled: this.#keeper.bytesSpooled,
      ...(trouble && { trouble }),
    };
  }

  get rewritesFirstPart(): boolean {
    return this.#ports.driver.capabilities.rewriteFirstPart;
  }

  get wholeInMemory(): boolean {
    return this.#list.wholeInMemory;
  }

  /** Begins; the journal is durable once this resolves. */
  async open(): Promise<void> {
    if (this.#options.openInBackground === true && this.#ports.spool !== undefined)
      await this.#opening.soon();
    else await this.#opening.now();
    const tickMs = Math.max(MIN_TICK_MS, this.#options.durabilitySeconds * 1000 * DURABILITY_SHARE);
    this.#ticker = setInterval(() => this.#tick(), tickMs);
  }

  append(unit: Uint8Array, { exact = false, owned = false, signal }: AppendOptions = {}): Promise<number> {
    return this.#appends.add(async () => {
      const offset = await this.#append(unit, exact);
      if (owned) this.#memory.own(unit);
      return offset;
    }, signal);
  }

  async #append(unit: Uint8Array, exact: boolean): Promise<number> {
    if (this.#isFinishing) throw new TapedeckError('Aborted', `The upload of ${this.key} is being finished.`);
    await this.#makeRoom();
    const offset = this.#list.add(unit, exact);
    this.#lag.appended(this.#list.size, Date.now());
    this.#sender.pump();
    return offset;
  }

  /**
   * Resolves when so few sealed parts are in memory that another may begin to grow. With part 1, that one and two suspects
   * they are eight times 5 MiB plus a unit each, about 48 MiB.
   */
  async #makeRoom(): Promise<void> {
    const { hurry } = this.#appends;
    const { spool } = this.#ports;
    for (;;) {
      if (this.#mayWait) this.#throwIfClosed();
      else this.#throwIfOver();
      const isHeld = (part: PartRecord) => part.sealed && part.bytes !== undefined && part.number > 1;
      const held = this.#sender.missing().filter(isHeld);
      if (held.length <= parallelPuts({ partSize: held[0]?.size ?? 0, isQuick: !this.#sender.isSlow }))
        return;
      const newest = held.at(-1);
      if (hurry.aborted) spool?.lift();
      if (newest !== undefined && spool !== undefined && (hurry.aborted || this.#sender.isSlow)) {
        try {
          await this.#keeper.toSpool(newest);
          continue;
        } catch (error) {
          // While the storage takes parts, however slowly, waiting for it is better than giving up.
          if (this.#sender.isAway || hurry.aborted) throw error;
        }
      }
      if (hurry.aborted)
        throw new TapedeckError(
          'StorageUnreachable',
          `There is no room for more of ${this.key} until its storage takes more, and the time to wait for that was over.`,
        );
      await this.#sender.changes.wait(hurry, SLOW_PUT_MS);
    }
  }

  async flush({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#appends.settled();
    const goal = this.#list.size;
    const canPutGrowing = this.#ports.driver.capabilities.replaceParts;
    for (;;) {
      this.#throwIfOver();
      const { storedEnd } = this.#sender;
      if (storedEnd >= goal || (!canPutGrowing && storedEnd >= (this.#list.growing?.offset ?? goal))) return;
      this.#sender.putGrowing();
      await this.#sender.changes.wait(signal, this.#ports.policy.maxDelayMs);
      if (signal?.aborted) throw abortedError(signal.reason);
    }
  }

  async finish(options: FinishOptions = {}): Promise<UploadedObject> {
    const quiet = this.#appends.hurryOn(options.signal);
    await this.#appends.settled().finally(quiet);
    if (this.#isFinishing)
      throw new TapedeckError('Aborted', `The upload of ${this.key} was finished before.`);
    this.#throwIfClosed();
    const headLast = layOutEnd(this.#list, options, this.wholeInMemory || this.rewritesFirstPart);
    this.#isFinishing = true;
    this.#lag.appended(this.#list.size, Date.now());
    this.#sender.startEnd({ headLast });
    try {
      await this.#opening.atEnd();
      const info = await endUpload(
        {
          ...this.#ports,
          key: this.key,
          list: this.#list,
          sender: this.#sender,
          throwIfOver: () => this.#throwIfOver(),
        },
        options.signal,
      );
      // The object is complete, whatever becomes of its parts on scratch.
      await this.#keeper.clear().catch(() => undefined);
      const url = this.#ports.driver.url(this.#ports.fullKey);
      return { ...info, key: this.key, url, crc32: formatCrc32(this.#list.crc32()) };
    } catch (error) {
      // Whoever completes it later finds there what the storage does not have.
      await this.#spoolMissing();
      throw error;
    } finally {
      await this.close();
    }
  }

  async abort(): Promise<void> {
    await this.#shutDown(false);
    await this.#keeper.clear();
    const { driver, policy, timeouts } = this.#ports;
    if (!this.#sender.isOpen) return;
    await callWithRetries(policy, {}, () =>
      callOnce(`Dropping the upload of ${this.key}`, timeouts.callMs, undefined, (signal) =>
        driver.abort(this.#sender.token, { signal }),
      ),
    );
  }

  close(): Promise<void> {
    return this.#shutDown(true);
  }

  #shutDown(keep: boolean): Promise<void> {
    this.#closing ??= (async () => {
      clearInterval(this.#ticker);
      if (keep && this.#sender.isAway) {
        this.#ports.spool?.lift();
        await this.#spoolMissing();
      }
      await this.#sender.stop();
      await this.#keeper.settled();
      // Whoever comes next works from the journal and scratch; the memory is wanted elsewhere.
      for (const part of this.#list.parts) part.bytes = undefined;
      this.#collector.released(Number.POSITIVE_INFINITY);
    })();
    return this.#closing;
  }

  get #mayWait(): boolean {
    return this.#options.refusedIsAway === true && this.#ports.spool !== undefined;
  }

  #tick(): void {
    this.#opening.nowAndThen();
    // Lagging twice the promise: whatever the reason, the bytes are safer on scratch than in memory alone.
    const limit = 2 * this.#options.durabilitySeconds + 1;
    if (this.#sender.isAway || this.#lag.lagSeconds(Date.now()) > limit) void this.#spoolMissing();
    this.#sender.putGrowing();
    this.#sender.pump();
    this.#collector.released(0);
  }

  /** Everything that the storage does not hold. */
  #spoolMissing(): Promise<void> {
    const missing = this.#sender.missing();
    return this.#keeper.allToSpool(this.#isFinishing ? headLast(missing) : missing);
  }

  #stored(part: PartRecord): void {
    this.#lag.stored(this.#sender.storedEnd);
    // At the end all may have to be put again, and nothing more will need the room.
    if (part.sealed && !needsPut(part) && !this.#isFinishing) {
      this.#collector.released(this.#keeper.release(part));
    }
    void this.#publishJournal().then(() => this.#keeper.forget(part));
  }

  #journal(token: unknown = this.#sender.token ?? null): UploadJournal {
    const { storage } = this.#ports;
    const { contentType } = this.#options;
    return buildJournal({ version: 1, storage, key: this.key, contentType, token }, this.#list.parts);
  }

  async #publishJournal(): Promise<void> {
    try {
      await this.#options.onJournal(this.#journal());
    } catch {
      // Whoever keeps journals answers for them, and the next change brings a newer one.
    }
  }

  #throwIfClosed(): void {
    if (this.#closing !== undefined)
      throw new TapedeckError('Aborted', `The upload of ${this.key} is closed.`);
  }

  #throwIfOver(): void {
    this.#throwIfClosed();
    if (this.#sender.failure !== undefined) throw this.#sender.failure;
  }
}
