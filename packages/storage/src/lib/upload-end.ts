import { TapedeckError } from '@tapedeck/core';
import { type CallTimeouts, callOnce } from './call.ts';
import { completeUpload } from './completion.ts';
import type { Driver, ObjectInfo } from './driver.ts';
import type { PartList } from './part-list.ts';
import type { PartSender } from './part-sender.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** A part may be found stale again right after it was put again; not for ever. */
const MAX_HEALINGS = 3;

export interface UploadEndPorts {
  readonly driver: Driver;
  readonly policy: RetryPolicy;
  readonly timeouts: CallTimeouts;
  /** With the prefix. */
  readonly fullKey: string;
  /** For messages. */
  readonly key: string;
  readonly list: PartList;
  readonly sender: PartSender;
  /** Throws once the upload is closed or refused. */
  readonly throwIfOver: () => void;
}

/**
 * Brings the sealed parts to the storage and makes the object of them. Goes on while the storage is away until the
 * signal fires; then it rejects with `StorageUnreachable`.
 */
export async function endUpload(ports: UploadEndPorts, signal: AbortSignal | undefined): Promise<ObjectInfo> {
  for (let healings = 0; ; healings++) {
    await deliver(ports, signal);
    try {
      return await complete(ports, signal);
    } catch (error) {
      const isMismatch = error instanceof TapedeckError && error.code === 'PartMismatch';
      if (!isMismatch || healings >= MAX_HEALINGS) throw error;
      await heal(ports, signal);
    }
  }
}

/** Resolves when every part is in the storage. */
async function deliver(ports: UploadEndPorts, signal: AbortSignal | undefined): Promise<void> {
  const { sender, policy, throwIfOver } = ports;
  for (;;) {
    throwIfOver();
    sender.pump();
    if (sender.isOpen && sender.missing().length === 0) return;
    if (signal?.aborted) throw undelivered(ports);
    await sender.changes.wait(signal, policy.maxDelayMs);
  }
}

async function complete(ports: UploadEndPorts, signal: AbortSignal | undefined): Promise<ObjectInfo> {
  const { driver, policy, timeouts, fullKey, list, sender } = ports;
  const { token, signal: stop } = sender;
  const parts = list.parts.map(({ number, offset, size, stored }) => ({
    number,
    offset,
    size,
    receipt: stored?.receipt,
  }));
  try {
    return await completeUpload(driver, { token, key: fullKey }, parts, {
      policy,
      timeouts,
      signal: signal === undefined ? stop : AbortSignal.any([signal, stop]),
      endless: true,
      onFailure: (error) => sender.noteTrouble(error),
    });
  } catch (error) {
    const { code, retry } = TapedeckError.from(error);
    if (signal?.aborted && (code === 'Aborted' || retry !== 'stalled')) throw undelivered(ports);
    throw error;
  }
}

function undelivered({ key, list, sender }: UploadEndPorts): TapedeckError {
  const why = sender.trouble?.message ?? 'the time to wait for it was over.';
  const missing = list.size - sender.storedEnd;
  const what =
    missing > 0 ? `${missing} bytes of ${key} are not in the storage yet` : `${key} is not complete yet`;
  return new TapedeckError('StorageUnreachable', `${what}: ${why}`);
}

/**
 * A stale put arrived after a newer one. Whatever bytes are still here are put again; of the others the
 * service is asked what it holds, and the same size means the same bytes, for parts only ever grow.
 */
async function heal(
  { driver, timeouts, list, sender }: UploadEndPorts,
  signal: AbortSignal | undefined,
): Promise<void> {
  const listed = await callOnce('Listing the parts', timeouts.callMs, signal, async (signal) =>
    driver.listParts?.(sender.token, { signal }),
  ).catch(() => undefined); // Asking is optional; without an answer everything at hand is put again.
  const held = new Map(listed?.map((part) => [part.number, part]));
  for (const part of list.parts) {
    const there = held.get(part.number);
    if (listed !== undefined && JSON.stringify(there?.receipt) === JSON.stringify(part.stored?.receipt))
      continue;
    if (part.bytes !== undefined || part.spooled === part.revision) delete part.stored;
    else if (there !== undefined && there.size === part.size) {
      part.stored = { revision: part.revision, size: part.size, receipt: there.receipt };
    }
  }
  sender.reconsider();
}
