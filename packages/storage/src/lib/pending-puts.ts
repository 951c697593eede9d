import type { PartReceipt } from './driver.ts';

/** What a put on its way (or one that ended without an answer) may make of a part. */
export interface PendingPut {
  readonly revision: number;
  readonly size: number;
  readonly receipt: PartReceipt;
}

/**
 * Kept of one part. A third without an answer is rarer than it is worth: whoever completes the upload may have to try
 * every combination of them.
 */
const MAX_PENDING_PER_PART = 2;

/** Newest first; the same content again takes the place of its earlier put. */
export function addPending(before: readonly PendingPut[] | undefined, put: PendingPut): PendingPut[] {
  const others = (before ?? []).filter(({ revision }) => revision !== put.revision);
  return [put, ...others].slice(0, MAX_PENDING_PER_PART);
}
