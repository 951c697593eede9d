import { TapedeckError, type UploadJournal } from '@tapedeck/core';
import { type CallTimeouts, callOnce, callWithRetries, putTimeoutMs } from '../call.ts';
import { createCollector } from '../collector.ts';
import { completeUpload } from '../completion.ts';
import { combineCrc32, crc32Of, formatCrc32 } from '../crc32.ts';
import type { Driver, UploadToken } from '../driver.ts';
import type { RetryPolicy } from '../retry-policy.ts';
import type { UploadedObject } from '../store.ts';
import { type HeldPart, heldParts, planTransfer, type TransferPart } from './transfer-plan.ts';

/** An object whose content is there and is only to be brought to a storage. */
export interface TransferOptions {
  /** Below the storage's prefix. */
  readonly key: string;
  readonly contentType: string;
  readonly size: number;
  /** Eight hex digits over the whole content, where they are known: other content is never completed. */
  readonly crc32?: string;
  /** Gives the bytes [start, end), all of them; its rejections end the transfer as they are. */
  readonly read: (range: readonly [number, number], signal: AbortSignal) => Promise<readonly Uint8Array[]>;
  /** Of an upload that an earlier process began: it goes on after the parts that are there. */
  readonly journal?: UploadJournal;
  /**
   * Called with the journal before the first part is sent and after each one, and awaited: what it is given is to be
   * durable by then.
   */
  readonly onJournal: (journal: UploadJournal) => Promise<void>;
  /** Bytes that the storage holds by now. */
  readonly onProgress: (bytes: number) => void;
  /** Ends it with `Aborted`; the upload stays for the next process. */
  readonly signal: AbortSignal;
}

export interface TransferPorts {
  readonly driver: Driver;
  readonly policy: RetryPolicy;
  readonly timeouts: CallTimeouts;
  /** Name of the storage in the run spec. */
  readonly storage: string;
  /** With the prefix. */
  readonly fullKey: string;
}

/**
 * Brings an object of known length to the storage, in parts that are read as they are sent, and makes it only once the
 * checksum over all of them is right. Rejects with `ChecksumMismatch` where it is not; with `UploadGone` where the upload
 * that the journal names was dropped or completed by somebody else.
 */
export async function transferObject(
  options: TransferOptions,
  ports: TransferPorts,
): Promise<UploadedObject> {
  const { size, key } = options;
  const { driver, fullKey } = ports;
  if (size === 0) return await putEmpty(options, ports);
  const limits = driver.capabilities;
  const plan = planTransfer(size, limits);
  const token = await openUpload(options, ports);
  const held = new Map<number, HeldPart>();
  for (const part of heldParts(plan, options.journal ?? { parts: [] }, limits)) held.set(part.number, part);
  const inOrder = () => [...held.values()].sort((a, b) => a.number - b.number);
  const journal = (): UploadJournal => ({
    version: 1,
    storage: ports.storage,
    key,
    contentType: options.contentType,
    token,
    parts: inOrder(),
  });
  const tell = () => options.onProgress(inOrder().reduce((sum, part) => sum + part.size, 0));
  await options.onJournal(journal());
  tell();
  await sendAll({
    parts: plan.parts.filter(({ number }) => !held.has(number)),
    parallel: plan.parallel,
    signal: options.signal,
    async send(part, signal) {
      held.set(part.number, await sendPart(token, part, { ...options, signal }, ports));
      tell();
      await options.onJournal(journal());
    },
  });
  const parts = inOrder();
  const crc32 = formatCrc32(
    parts.reduce((crc, part) => combineCrc32(crc, Number.parseInt(part.crc32, 16), part.size), 0),
  );
  if (options.crc32 !== undefined && options.crc32 !== crc32) throw mismatch(key, options.crc32, crc32);
  const info = await completeUpload(driver, { token, key: fullKey }, parts, {
    ...ports,
    signal: options.signal,
    goneIsComplete: options.journal !== undefined,
  });
  if (info.size !== size) {
    throw new TapedeckError(
      'ChecksumMismatch',
      `${key} has ${info.size} bytes in the storage and should have ${size}; delete it there and copy again.`,
    );
  }
  return { ...info, key, url: driver.url(fullKey), crc32 };
}

/** The object without bytes: services make none of no parts. */
async function putEmpty(options: TransferOptions, ports: TransferPorts): Promise<UploadedObject> {
  const { key, contentType, signal } = options;
  const { driver, policy, timeouts, fullKey } = ports;
  const info = await callWithRetries(policy, { signal }, () =>
    callOnce(`Writing ${key}`, timeouts.callMs, signal, (each) =>
      driver.put({ key: fullKey, contentType }, new Uint8Array(), { signal: each }),
    ),
  );
  return { ...info, key, url: driver.url(fullKey), crc32: formatCrc32(0) };
}

function mismatch(key: string, wanted: string, found: string): TapedeckError {
  return new TapedeckError(
    'ChecksumMismatch',
    `${key} was read with the checksum ${found}, and was recorded with ${wanted}: its storage gives other bytes than were written. Nothing was completed; fetch that file and look at it, or copy from another storage that has it.`,
  );
}

async function openUpload(options: TransferOptions, ports: TransferPorts): Promise<UploadToken> {
  const { journal, key, contentType, signal } = options;
  const { driver, policy, timeouts, fullKey } = ports;
  if (journal !== undefined && journal.token !== null) return journal.token;
  return await callWithRetries(policy, { signal }, () =>
    callOnce(`Opening the upload of ${key}`, timeouts.callMs, signal, (each) =>
      driver.begin({ key: fullKey, contentType }, { signal: each }),
    ),
  );
}

async function sendPart(
  token: UploadToken,
  part: TransferPart,
  { read, signal, key }: TransferOptions,
  { driver, policy, timeouts }: TransferPorts,
): Promise<HeldPart> {
  const { number, offset, size } = part;
  const bytes = await read([offset, offset + size], signal);
  const crc = crc32Of(bytes);
  const put = { number, offset, size, bytes, crc32: crc };
  const receipt = await callWithRetries(policy, { signal }, () =>
    callOnce(`Putting part ${number} of ${key}`, putTimeoutMs(timeouts, size), signal, (each) =>
      driver.putPart(token, put, { signal: each }),
    ),
  );
  return { number, offset, size, receipt, crc32: formatCrc32(crc) };
}

/** Sends parts in order, a few at a time. After a failure none begins, and those on their way are ended. */
async function sendAll(work: {
  readonly parts: readonly TransferPart[];
  readonly parallel: number;
  readonly signal: AbortSignal;
  readonly send: (part: TransferPart, signal: AbortSignal) => Promise<void>;
}): Promise<void> {
  const broken = new AbortController();
  const signal = AbortSignal.any([work.signal, broken.signal]);
  const collector = createCollector();
  const left = work.parts.values();
  const failures: unknown[] = [];
  const lane = async () => {
    // All lanes take from the same iterator.
    for (const part of left) {
      if (signal.aborted) return;
      try {
        await work.send(part, signal);
      } catch (error) {
        failures.push(error);
        broken.abort();
        return;
      }
      collector.released(part.size);
    }
  };
  await Promise.all(Array.from({ length: work.parallel }, lane));
  if (work.signal.aborted) throw new TapedeckError('Aborted', 'The transfer was aborted.');
  if (failures.length > 0) throw failures[0];
}
