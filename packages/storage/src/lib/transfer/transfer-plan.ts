import { TapedeckError, type UploadJournal } from '@tapedeck/core';
import type { PartLimits } from '../part-plan.ts';

const MiB = 1024 * 1024;
/** Smallest part of a copy, where the object has more than one. */
const SMALLEST_PART = 5 * MiB;
/** So many parts keep a journal small enough to travel with a run's document; beyond that parts grow. */
const PREFERRED_PARTS = 1_000;
/** Parts grow for a shorter journal up to this; beyond that only where the service allows no more of them. */
const COMFORTABLE_PART = 16 * MiB;
/** A part is held in memory while it is sent: 10,000 of these make 640 GB. */
const LARGEST_PART = 64 * MiB;
/** Bytes of parts in memory at a time: with the program itself below 160 MiB. */
const IN_MEMORY = 32 * MiB;
const MAX_PARALLEL = 3;

/** A part of an object whose length is known. */
export interface TransferPart {
  /** From 1. */
  readonly number: number;
  readonly offset: number;
  readonly size: number;
}

export interface TransferPlan {
  readonly parts: readonly TransferPart[];
  /** Parts on their way at a time. */
  readonly parallel: number;
}

/**
 * Cuts an object of `size` bytes into equal parts (the last may be shorter): of 5 MiB, or larger where a journal or the
 * service's limit of parts asks for it. Throws `NotSupported` for an object too large to be cut into parts that fit
 * into memory.
 */
export function planTransfer(size: number, limits: PartLimits): TransferPlan {
  const step = Math.max(limits.sequence?.multiple ?? 1, MiB);
  const rounded = (bytes: number) => Math.ceil(bytes / step) * step;
  const few = Math.min(COMFORTABLE_PART, rounded(size / PREFERRED_PARTS));
  const needed = rounded(size / limits.maxParts);
  const partSize = Math.max(SMALLEST_PART, rounded(limits.minPartSize), few, needed);
  if (partSize > Math.min(LARGEST_PART, limits.maxPartSize)) {
    throw new TapedeckError(
      'NotSupported',
      `An object of ${size} bytes is too large to be copied in ${limits.maxParts} parts; record with a shorter splitEvery.`,
    );
  }
  const parts = Array.from({ length: Math.ceil(size / partSize) }, (_, index) => ({
    number: index + 1,
    offset: index * partSize,
    size: Math.min(partSize, size - index * partSize),
  }));
  const room = Math.floor(IN_MEMORY / partSize);
  return {
    parts,
    parallel: limits.sequence === undefined ? Math.max(1, Math.min(MAX_PARALLEL, room)) : 1,
  };
}

/** A part that the storage holds, with the checksum of its bytes. */
export type HeldPart = UploadJournal['parts'][number] & { readonly crc32: string };

/**
 * Parts of a journal that need not be sent again: those that are as they would be cut now, and whose checksum is known.
 * Of a service that takes parts in order only, those without a hole before them.
 */
export function heldParts(
  plan: TransferPlan,
  journal: Pick<UploadJournal, 'parts'>,
  limits: PartLimits,
): readonly HeldPart[] {
  const held: HeldPart[] = [];
  for (const { number, offset, size } of plan.parts) {
    const part = journal.parts.find((each) => each.number === number);
    if (part?.crc32 !== undefined && part.offset === offset && part.size === size)
      held.push({ ...part, crc32: part.crc32 });
    else if (limits.sequence !== undefined) break;
  }
  return held;
}
