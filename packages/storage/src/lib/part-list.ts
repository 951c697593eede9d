import { crc32 } from 'node:zlib';
import { TapedeckError } from '@tapedeck/core';
import { combineCrc32, crc32Of } from './crc32.ts';
import type { PartReceipt } from './driver.ts';
import { cutEqually, isWholePart, type PartPlan, paddingTo, placeUnit } from './part-plan.ts';
import type { PendingPut } from './pending-puts.ts';

/** One part of an open upload: what it should be, and what the storage and the spool hold of it. */
export interface PartRecord {
  readonly number: number;
  readonly offset: number;
  size: number;
  crc32: number;
  /** Views in order; undefined once only the storage or the spool holds them. */
  bytes: Uint8Array[] | undefined;
  /** Counts every change of the content. */
  revision: number;
  /** Nothing is appended any more. */
  sealed: boolean;
  /** The last put that was answered. */
  stored?: { readonly revision: number; readonly size: number; readonly receipt: PartReceipt };
  /** Puts of it that were not answered, newest first, where their receipts can be told. */
  pending?: readonly PendingPut[];
  /** Revision of the file on scratch. */
  spooled?: number;
  /** Time at which the put in flight began, in milliseconds. */
  sendingSinceMs?: number;
  /** A put of it ended without an answer: an older content may still arrive at the service. */
  suspect: boolean;
}

export function needsPut(part: PartRecord): boolean {
  return part.stored?.revision !== part.revision;
}

/**
 * In the order in which they may go out once part 1 has its final head: that speaks of all the others, so whoever is
 * cut off in between must not have brought it there before them.
 */
export function headLast<T extends { readonly number: number }>(parts: readonly T[]): T[] {
  return [...parts.filter(({ number }) => number !== 1), ...parts.filter(({ number }) => number === 1)];
}

export interface Filler {
  readonly make: (size: number) => Uint8Array;
  readonly minSize: number;
}

/** The object as it grows: parts in order, the last one open. Holds bytes, sends nothing. */
export interface PartList {
  readonly parts: readonly PartRecord[];
  readonly size: number;
  /** The part that is appended to, when it has bytes. */
  readonly growing: PartRecord | undefined;
  /** Nothing is sealed: everything is still in memory. */
  readonly wholeInMemory: boolean;
  /**
   * Returns the unit's offset; with `exact` that is the end of what came before, and a part may end inside the unit
   * where all must be equal. Throws `NotSupported` when the service takes no more parts.
   */
  add(unit: Uint8Array, exact?: boolean): number;
  /** Adds bytes that may be cut anywhere, and seals the last part; an empty object gets one empty part. */
  end(tail: Uint8Array): void;
  /** Puts `bytes` in place of the first `length` bytes; another length only while `wholeInMemory`. */
  replaceStart(length: number, bytes: Uint8Array): void;
  /** Over the whole object. */
  crc32(): number;
}

export function createPartList(plan: PartPlan, filler?: Filler): PartList {
  const parts: PartRecord[] = [];
  const last = () => parts.at(-1);
  const open = (): PartRecord => {
    const current = last();
    if (current !== undefined && !current.sealed) return current;
    const part: PartRecord = {
      number: parts.length + 1,
      offset: current === undefined ? 0 : current.offset + current.size,
      size: 0,
      crc32: 0,
      bytes: [],
      revision: 0,
      sealed: false,
      suspect: false,
    };
    parts.push(part);
    return part;
  };
  const push = (bytes: Uint8Array): void => {
    const part = open();
    part.bytes?.push(bytes);
    part.size += bytes.length;
    part.crc32 = crc32(bytes, part.crc32);
    part.revision++;
  };
  const seal = (): void => {
    const part = last();
    if (part !== undefined) part.sealed = true;
  };
  const pushPieces = (bytes: Uint8Array, pieces: readonly number[]): void => {
    let start = 0;
    for (const [index, piece] of pieces.entries()) {
      push(bytes.subarray(start, start + piece));
      start += piece;
      if (index < pieces.length - 1) seal();
    }
  };
  const end = (): number => {
    const part = last();
    return part === undefined ? 0 : part.offset + part.size;
  };
  return {
    parts,
    get size() {
      return end();
    },
    get growing() {
      const part = last();
      return part !== undefined && !part.sealed && part.size > 0 ? part : undefined;
    },
    get wholeInMemory() {
      return parts[0]?.sealed !== true;
    },
    add(unit, exact = false) {
      const at = last();
      const filled = at === undefined || at.sealed ? 0 : at.size;
      const number = parts.length + (at === undefined || at.sealed ? 1 : 0);
      const placement = placeUnit(plan, { number, filled }, unit.length, exact ? undefined : filler?.minSize);
      const needed = number + placement.pieces.length - 1 + (placement.filler > 0 ? 1 : 0);
      // The last number is kept for the tail.
      if (needed >= plan.maxParts) {
        throw new TapedeckError(
          'NotSupported',
          `The file has reached ${end()} bytes in ${number} parts, the most this storage takes; split the recording more often.`,
        );
      }
      if (placement.filler > 0 && filler !== undefined) {
        push(filler.make(placement.filler));
        seal();
      }
      const offset = end();
      pushPieces(unit, placement.pieces);
      if (placement.padding !== undefined && filler !== undefined) push(filler.make(placement.padding));
      const part = open();
      if (isWholePart(plan, part.number, part.size)) seal();
      return offset;
    },
    end(tail) {
      if (tail.length === 0 && last()?.sealed === true) return;
      if (plan.multiple !== undefined && filler !== undefined && end() > 0) {
        // Nothing is left over then that only the completion could bring.
        const padding = paddingTo(plan.multiple, end() + tail.length, filler.minSize);
        if (padding > 0) push(filler.make(padding));
      }
      const part = open();
      const target = part.number >= plan.maxParts ? Number.POSITIVE_INFINITY : plan.targetSize(part.number);
      const room = target - part.size;
      // A tail cut at the target leaves a part of normal size and a small one, which are sent side by side.
      if (tail.length > 0) pushPieces(tail, cutEqually(tail.length, room, target));
      if (end() === 0) part.revision++;
      seal();
    },
    replaceStart(length, bytes) {
      const part = parts[0];
      if (part?.bytes === undefined || length > part.size) {
        throw new TapedeckError(
          'NotSupported',
          `The first ${length} bytes cannot be replaced: they are not all in part 1.`,
        );
      }
      if (parts.length > 1 && length !== bytes.length) {
        throw new TapedeckError('NotSupported', 'The start cannot change its length once parts follow it.');
      }
      const rest = Buffer.concat(part.bytes).subarray(length);
      part.bytes = [bytes, rest];
      part.size = bytes.length + rest.length;
      part.crc32 = crc32Of(part.bytes);
      part.revision++;
    },
    crc32() {
      return parts.reduce((crc, part) => combineCrc32(crc, part.crc32, part.size), 0);
    },
  };
}
