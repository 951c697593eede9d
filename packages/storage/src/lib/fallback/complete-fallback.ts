import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TapedeckError, type UploadJournal } from '@tapedeck/core';
import type { ObjectInfo } from '../driver.ts';
import { sizeOf, withoutHoles } from '../journal.ts';
import { openSpool, spoolName } from '../spool.ts';
import type { Store } from '../store.ts';
import { mayGoElsewhere } from './fallback-decision.ts';
import { KEPT_DIRECTORY } from './fallback-upload.ts';
import { type KeptBytes, openKeptBytes } from './kept-bytes.ts';

/** A storage that goes away while it gets a file from scratch is waited for this long; the next run tries again. */
const AWAY_MS = 60_000;

/** Who is asked to end waits so long for what it began to be dropped; else a lifecycle rule does that. */
const DROP_MS = 3_000;

/** Longest that one run waits for a storage that is away. */
const MOST_PATIENCE_MS = 600_000;

export interface FallbackCompletion {
  /** In order of preference; those of the journals among them. */
  readonly stores: readonly Store[];
  readonly journal: UploadJournal;
  /** Uploads of the same file in storages that were left. */
  readonly dropped: readonly UploadJournal[];
  /** The directory that the upload was given. */
  readonly spoolDirectory: string;
  /** How long a storage that is away is waited for before scratch goes to the next one. Absent: as long as it takes. */
  readonly fallbackAfterSeconds?: number;
  readonly signal?: AbortSignal;
}

export interface CompletedFallback extends ObjectInfo {
  readonly url: string;
  readonly storage: string;
}

/**
 * Completes what a process left that recorded into several storages: from the journal where that storage has most of
 * the file, from scratch where the file was on its way to another one or its storage refuses. Whatever else there is of
 * the file is dropped. Rejects as `Store.completeFromJournal` does.
 */
export async function completeFallback(options: FallbackCompletion): Promise<CompletedFallback> {
  const { journal, dropped, spoolDirectory } = options;
  const directory = path.join(spoolDirectory, KEPT_DIRECTORY);
  const kept = await openKeptBytes(directory, Number.MAX_SAFE_INTEGER);
  const own = await heldOf(journal, spoolDirectory);
  const others = await Promise.all(
    dropped.map(async (left) => ({ left, held: await heldOf(left, spoolDirectory) })),
  );
  const fullest = others.reduce<(typeof others)[number] | undefined>(
    (most, each) => (each.held > (most?.held ?? 0) ? each : most),
    undefined,
  );
  const isMidway = dropped.length > 0 && own < Math.max(kept.size, fullest?.held ?? 0);
  // Killed while the file was on its way to another storage, and scratch is gone: the one that was left has more.
  const source = isMidway && fullest !== undefined && kept.size < fullest.held ? fullest.left : journal;
  const completed =
    isMidway && source === journal
      ? await sendKept(kept, options, [])
      : await completeOrSend(source, kept, options);
  for (const each of [journal, ...dropped]) {
    const store = options.stores.find(({ name }) => name === each.storage);
    // What was completed is dropped without harm; one that cannot be asked keeps parts for its lifecycle rule.
    if (each !== source || completed.storage !== each.storage || isMidway)
      await store?.abortFromJournal(each).catch(() => undefined);
  }
  await rm(spoolDirectory, { recursive: true, force: true });
  return completed;
}

async function completeOrSend(
  journal: UploadJournal,
  kept: KeptBytes,
  options: FallbackCompletion,
): Promise<CompletedFallback> {
  const { spoolDirectory, signal } = options;
  const store = options.stores.find(({ name }) => name === journal.storage);
  if (store === undefined && kept.size > 0) return await sendKept(kept, options, []);
  if (store === undefined)
    throw new TapedeckError(
      'NotFound',
      `${journal.key} waits to be completed in storage ${journal.storage}, which cannot be used now; put that right.`,
    );
  const begunMs = Date.now();
  for (;;) {
    try {
      const object = await store.completeFromJournal(journal, {
        spoolDirectory,
        kept,
        ...(signal === undefined ? {} : { signal }),
      });
      return { ...object, storage: store.name };
    } catch (cause) {
      const error = TapedeckError.from(cause);
      const next = afterFailure(error, Date.now() - begunMs, options);
      if (kept.size === 0 || next === 'GiveUp') throw error;
      if (next === 'Again') continue;
      try {
        return await sendKept(kept, options, [store.name]);
      } catch {
        throw error; // The storage that has most of it is the one to put right.
      }
    }
  }
}

/** One that is away is tried again by the next run where it would take this one too long. */
function afterFailure(
  error: TapedeckError,
  waitedMs: number,
  { fallbackAfterSeconds = Number.POSITIVE_INFINITY, signal }: FallbackCompletion,
): 'Elsewhere' | 'Again' | 'GiveUp' {
  if (signal?.aborted) return 'GiveUp';
  if (mayGoElsewhere(error)) return 'Elsewhere';
  const isAway = error.fault === 'destination' && error.retry !== 'stalled';
  if (!isAway || fallbackAfterSeconds * 1000 > MOST_PATIENCE_MS) return 'GiveUp';
  return waitedMs >= fallbackAfterSeconds * 1000 ? 'Elsewhere' : 'Again';
}

/** Into the journal's storage, else the first of the others that takes it. */
async function sendKept(
  kept: KeptBytes,
  options: FallbackCompletion,
  refused: readonly string[],
): Promise<CompletedFallback> {
  const { stores, journal, signal } = options;
  const candidates = [
    ...stores.filter(({ name }) => name === journal.storage),
    ...stores.filter(({ name }) => name !== journal.storage),
  ].filter(({ name }) => !refused.includes(name));
  let failure: TapedeckError | undefined;
  for (const store of candidates) {
    if (failure !== undefined && signal?.aborted) break;
    try {
      // Some storages (a directory, SFTP) have room for one upload of a key.
      for (const begun of [journal, ...options.dropped])
        if (begun.storage === store.name) await store.abortFromJournal(begun);
      return { ...(await sendTo(store, kept, journal, signal)), storage: store.name };
    } catch (cause) {
      failure ??= TapedeckError.from(cause);
    }
  }
  throw failure ?? new TapedeckError('NotFound', `No other storage is there to take ${journal.key}.`);
}

async function sendTo(
  store: Store,
  kept: KeptBytes,
  { key, contentType }: UploadJournal,
  signal: AbortSignal | undefined,
): Promise<ObjectInfo & { url: string }> {
  const upload = await store.createUpload({
    key,
    contentType,
    durabilitySeconds: 60,
    // Whoever is interrupted here begins anew from scratch: nothing has to be remembered.
    onJournal: () => undefined,
    ...(signal && { signal }),
  });
  const stop = () => void upload.close();
  signal?.addEventListener('abort', stop, { once: true });
  const watch = setInterval(() => {
    const { trouble } = upload.progress;
    if (trouble !== undefined && Date.now() - trouble.sinceMs > AWAY_MS) void upload.close();
  }, 1_000);
  try {
    let offset = 0;
    for (;;) {
      const piece = await kept.readFrom(offset);
      if (piece === undefined) break;
      await upload.append(piece, { exact: true });
      offset += piece.length;
    }
    const { crc32: _, ...object } = await upload.finish(signal === undefined ? {} : { signal });
    return object;
  } catch (cause) {
    const { trouble } = upload.progress;
    const error = trouble === undefined ? cause : new TapedeckError(trouble.code, trouble.message, { cause });
    const dropped = upload.abort().catch(() => undefined); // What went wrong first is told.
    if (signal?.aborted) await Promise.race([dropped, sleep(DROP_MS, undefined, { ref: false })]);
    else await dropped;
    throw error;
  } finally {
    clearInterval(watch);
    signal?.removeEventListener('abort', stop);
  }
}

/** Bytes from the beginning that can be completed from a journal and what waits for its storage. */
async function heldOf(journal: UploadJournal, spoolDirectory: string): Promise<number> {
  const spool = await openSpool(path.join(spoolDirectory, spoolName(journal.storage, journal.key)), 0);
  const parts = new Map(journal.parts.map((part) => [part.number, part]));
  for (let number = 1; number <= parts.size + 1; number++) {
    if (!spool.has(number)) continue;
    const { offset, size } = await spool.read(number);
    parts.set(number, { number, offset, size, receipt: undefined });
  }
  return sizeOf(withoutHoles([...parts.values()]));
}
