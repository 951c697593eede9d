import type { UploadJournal } from '@tapedeck/core';
import type { CompletedPart, StoredPart } from './driver.ts';
import type { PartRecord } from './part-list.ts';
import { isWholePart, type PartPlan } from './part-plan.ts';

/** What is fixed of a journal from the moment the upload opens. */
export type JournalHead = Omit<UploadJournal, 'parts' | 'pending'>;

/**
 * The journal of an upload as it stands: every part that the storage holds, in the size it holds it in, and what is on
 * its way there.
 */
export function buildJournal(head: JournalHead, parts: readonly PartRecord[]): UploadJournal {
  const held = parts.flatMap(({ number, offset, stored }) =>
    stored === undefined ? [] : [{ number, offset, size: stored.size, receipt: stored.receipt }],
  );
  const pending = parts.flatMap((part) =>
    (part.pending ?? []).map(({ size, receipt }) => ({
      number: part.number,
      offset: part.offset,
      size,
      receipt,
    })),
  );
  return { ...head, parts: held, ...(pending.length > 0 && { pending }) };
}

/**
 * The longest object that these parts make without a hole: each begins where the one before ends. A
 * provisional part is followed by a hole, for it is shorter than what was sent after it.
 */
export function withoutHoles<
  T extends { readonly number: number; readonly offset: number; readonly size: number },
>(parts: readonly T[]): T[] {
  const run: T[] = [];
  let offset = 0;
  for (const part of [...parts].sort((a, b) => a.number - b.number)) {
    if (part.number !== run.length + 1 || part.offset !== offset) break;
    run.push(part);
    offset += part.size;
  }
  return run;
}

/**
 * The object that the parts listed by the service make. Listings have no offsets, but a part that is followed
 * by another was cut because it was full: so the first that is shorter than the plan says is the last, unless
 * the journal knows one that begins at its end.
 */
export function layOutListed(
  plan: PartPlan,
  listed: readonly StoredPart[],
  journal: readonly CompletedPart[],
): CompletedPart[] {
  const begins = new Map(journal.map((part) => [part.number, part.offset]));
  const run: CompletedPart[] = [];
  let offset = 0;
  for (const { number, size, receipt } of [...listed].sort((a, b) => a.number - b.number)) {
    if (number !== run.length + 1) break;
    run.push({ number, offset, size, receipt });
    offset += size;
    if (!isWholePart(plan, number, size) && begins.get(number + 1) !== offset) break;
  }
  return run;
}

export function sizeOf(parts: readonly { readonly size: number }[]): number {
  return parts.reduce((sum, part) => sum + part.size, 0);
}
