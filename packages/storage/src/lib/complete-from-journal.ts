import { rm } from 'node:fs/promises';
import { type ErrorCode, TapedeckError, type UploadJournal } from '@tapedeck/core';
import { type CallTimeouts, callOnce, callWithRetries, putTimeoutMs } from './call.ts';
import { completeUpload } from './completion.ts';
import type { CompletedPart, Driver, ObjectInfo, StoredPart, UploadToken } from './driver.ts';
import { layOutListed, withoutHoles } from './journal.ts';
import { journalLayouts } from './journal-layouts.ts';
import { putKept } from './kept-parts.ts';
import { headLast } from './part-list.ts';
import type { PartPlan } from './part-plan.ts';
import type { RetryPolicy } from './retry-policy.ts';
import { listNumbers, openSpool, type SpooledPart } from './spool.ts';
import type { KeptContent } from './store.ts';

export interface JournalPorts {
  readonly driver: Driver;
  readonly plan: PartPlan;
  readonly policy: RetryPolicy;
  readonly timeouts: CallTimeouts;
  /** With the prefix. */
  readonly fullKey: string;
  /** The upload's own directory on scratch, where there may be one. */
  readonly directory: string | undefined;
  /** The file from its beginning, where it was kept. */
  readonly kept: KeptContent | undefined;
  readonly signal: AbortSignal | undefined;
}

/** How often the parts are listed anew when the service says that they are not what it listed. */
const MAX_LOOKS = 4;

/**
 * Completes what another process left. What counts, from weak to strong: the journal's receipts; what the
 * service lists, for a part may have arrived after the journal was last written down; parts on scratch, which
 * are sent now; what was kept of the file beyond all of these, which is put now. With write rights only there is no
 * list: then whatever the journal holds possible is tried.
 */
export async function completeFromJournal(journal: UploadJournal, ports: JournalPorts): Promise<ObjectInfo> {
  const token = await openUpload(journal, ports);
  try {
    return await completeOpen(journal, token, ports);
  } catch (error) {
    // No journal knows of what was opened here: the next try opens another.
    if (journal.token === null && token !== null) await dropUpload(token, ports);
    throw error;
  }
}

/** Where even that fails, the storage's own rule for unfinished uploads clears it away. */
async function dropUpload(token: UploadToken, { driver, timeouts }: JournalPorts): Promise<void> {
  await callOnce('Dropping the upload', timeouts.callMs, undefined, (signal) =>
    driver.abort(token, { signal }),
  ).catch(() => undefined);
}

async function completeOpen(
  journal: UploadJournal,
  token: UploadToken,
  ports: JournalPorts,
): Promise<ObjectInfo> {
  const sent = await sendSpooled(token, ports);
  const complete = async (parts: readonly CompletedPart[]): Promise<ObjectInfo> => {
    const upload = { token, key: ports.fullKey };
    const info = await completeUpload(ports.driver, upload, parts, { ...ports, goneIsComplete: true });
    if (ports.directory !== undefined) await rm(ports.directory, { recursive: true, force: true });
    return info;
  };
  const lookAll = async () => {
    const known = [...journal.parts, ...(journal.pending ?? []), ...sent];
    return layOutListed(ports.plan, (await lookUp(token, ports)) ?? [], known);
  };
  if (ports.kept !== undefined && token !== null) {
    const listed = await lookAll();
    const base = listed.length > 0 ? listed : withoutHoles(newest(journal.parts, sent));
    const whole = await putKept(token, base, ports.kept, ports);
    if (whole !== undefined) {
      sent.push(...whole.slice(base.length > 0 ? base.length - 1 : 0));
      try {
        return await complete(whole);
      } catch (error) {
        if (!isMismatch(error)) throw error;
      }
    }
  }
  for (let look = 1; ; look++) {
    const layout = await lookAll();
    if (layout.length === 0) break;
    try {
      return await complete(layout);
    } catch (error) {
      if (!isMismatch(error) || look >= MAX_LOOKS) throw error;
    }
  }
  let mismatch: unknown;
  for (const layout of journalLayouts(journal, sent)) {
    try {
      return await complete(layout);
    } catch (error) {
      if (!isMismatch(error)) throw error;
      mismatch ??= error;
    }
  }
  // Puts without an answer count for nothing when not one of them arrived.
  if (mismatch !== undefined && journal.parts.length + sent.length > 0) throw mismatch;
  const gone = await completedBefore(ports);
  if (gone !== undefined) return gone;
  throw new TapedeckError(
    'NotFound',
    `Nothing of ${journal.key} had reached the storage when its recorder ended; there is nothing to complete.`,
  );
}

/** Of parts with the same number those that were put later. */
function newest(before: readonly CompletedPart[], later: readonly CompletedPart[]): CompletedPart[] {
  return [...new Map([...before, ...later].map((part) => [part.number, part])).values()];
}

function isMismatch(error: unknown): boolean {
  return error instanceof TapedeckError && error.code === 'PartMismatch';
}

async function lookUp(
  token: UploadToken,
  { driver, policy, timeouts, signal }: JournalPorts,
): Promise<readonly StoredPart[] | undefined> {
  if (driver.listParts === undefined) return undefined;
  const list = () =>
    callOnce('Listing the parts', timeouts.callMs, signal, async (signal) =>
      driver.listParts?.(token, { signal }),
    );
  try {
    return await callWithRetries(policy, { signal }, list);
  } catch (error) {
    const { code, retry } = TapedeckError.from(error);
    // We may not ask, or there is nothing left to ask about; completing tells which.
    if (code === 'UploadGone' || retry === 'stalled') return undefined;
    throw error;
  }
}

/** What a storage answers that has no such object, or does not let us see. Anything else is no answer. */
const nothingToSee: ReadonlySet<ErrorCode> = new Set(['NotFound', 'StorageDenied', 'NotSupported']);

async function completedBefore({
  driver,
  fullKey,
  policy,
  timeouts,
  signal,
}: JournalPorts): Promise<ObjectInfo | undefined> {
  const look = () =>
    callOnce(`Looking for ${fullKey}`, timeouts.callMs, signal, (signal) => driver.head(fullKey, { signal }));
  try {
    return await callWithRetries(policy, { signal }, look);
  } catch (error) {
    if (nothingToSee.has(TapedeckError.from(error).code)) return undefined;
    throw error;
  }
}

/** The upload of the journal; a new one where its recorder never could open it and there is something to send. */
async function openUpload(journal: UploadJournal, ports: JournalPorts): Promise<UploadToken> {
  const { driver, policy, timeouts, directory, kept, signal, fullKey } = ports;
  if (journal.token !== null) return journal.token;
  const numbers = directory === undefined ? [] : await listNumbers(directory);
  if (numbers.length === 0 && (kept?.size ?? 0) === 0) return null;
  return await callWithRetries(policy, { signal }, () =>
    callOnce(`Opening the upload of ${journal.key}`, timeouts.callMs, signal, (signal) =>
      driver.begin({ key: fullKey, contentType: journal.contentType }, { signal }),
    ),
  );
}

/** Sends what is on scratch, in order, part 1 last where it may have its final head. */
async function sendSpooled(token: UploadToken, ports: JournalPorts): Promise<CompletedPart[]> {
  const { driver, directory } = ports;
  const parts: CompletedPart[] = [];
  const numbers = directory === undefined ? [] : await listNumbers(directory);
  if (directory === undefined || numbers.length === 0) return parts;
  const spool = await openSpool(directory, Number.MAX_SAFE_INTEGER);
  const inOrder = numbers.map((number) => ({ number }));
  for (const { number } of driver.capabilities.rewriteFirstPart ? headLast(inOrder) : inOrder) {
    if (!spool.has(number)) continue;
    const sent = await sendOne(token, await spool.read(number), ports);
    if (sent === undefined) break;
    parts.push(sent);
  }
  return parts;
}

async function sendOne(
  token: UploadToken,
  part: SpooledPart,
  { driver, policy, timeouts, signal }: JournalPorts,
): Promise<CompletedPart | undefined> {
  const { number, offset, size } = part;
  const put = () =>
    callOnce(`Putting part ${number}`, putTimeoutMs(timeouts, size), signal, (signal) =>
      driver.putPart(token, part, { signal }),
    );
  try {
    return { number, offset, size, receipt: await callWithRetries(policy, { signal }, put) };
  } catch (error) {
    // Completed before, by the recorder itself or by an earlier finishing run: completing tells.
    if (TapedeckError.from(error).code === 'UploadGone') return undefined;
    throw error;
  }
}
