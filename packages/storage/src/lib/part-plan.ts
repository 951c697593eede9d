import type { Capabilities } from './driver.ts';

const MiB = 1024 * 1024;

/**
 * Part sizes by how far through the part numbers an upload is. Small parts keep memory low and are all that
 * most recordings need (a fifth of 10,000 parts of 5 MiB: 10 GB, 2 h at 11 Mbit/s); later ones grow, so that
 * 10,000 parts hold 160 GB. Part sizes are part of the journal's meaning (see `isWholePart`): a change
 * here must not make an older journal's parts look unfinished, so a tier may get smaller, never larger.
 */
const tiers = [
  { upTo: 0.2, size: 5 * MiB },
  { upTo: 0.6, size: 8 * MiB },
  { upTo: 0.8, size: 16 * MiB },
  { upTo: 0.95, size: 32 * MiB },
  { upTo: 1, size: 64 * MiB },
] as const;

/** Where all parts must be equal there is no growth: 10,000 of these hold 84 GB. */
const EQUAL_PART_SIZE = 8 * MiB;

export type PartLimits = Pick<
  Capabilities,
  'minPartSize' | 'maxPartSize' | 'maxParts' | 'equalParts' | 'sequence'
>;

/** How an object of unknown length is cut. */
export interface PartPlan {
  readonly equal: boolean;
  readonly maxParts: number;
  /** Every part but the last is a multiple of so many bytes, as are the target sizes. */
  readonly multiple?: number;
  /** Bytes from which on the part of this number (from 1) counts as whole; with `equal`, its exact size. */
  targetSize(number: number): number;
}

/** `partSize` puts a fixed size in place of the growing ones, within the service's limits. */
export function planParts(limits: PartLimits, partSize?: number): PartPlan {
  const within = (size: number) => Math.min(limits.maxPartSize, Math.max(limits.minPartSize, size, 1));
  const fixed = partSize ?? (limits.equalParts ? EQUAL_PART_SIZE : undefined);
  return {
    equal: limits.equalParts,
    maxParts: limits.maxParts,
    ...(limits.sequence && { multiple: limits.sequence.multiple }),
    targetSize(number) {
      if (fixed !== undefined) return within(fixed);
      const tier = tiers.find(({ upTo }) => number <= limits.maxParts * upTo) ?? tiers[tiers.length - 1];
      return within(tier?.size ?? limits.minPartSize);
    },
  };
}

/**
 * Whether a part of that size was cut because it was full, so that another may follow. A shorter one can only
 * be the last: an unfinished part that was put provisionally, or the object's end.
 */
export function isWholePart(plan: PartPlan, number: number, size: number): boolean {
  return size >= plan.targetSize(number);
}

/** What to do with a unit when `filled` bytes are in part `number` already. */
export interface Placement {
  /** Filler to write first; it completes the part, and the unit starts the next one. */
  readonly filler: number;
  /** The unit's bytes that still go into each part in turn; all but the last entry complete a part. */
  readonly pieces: readonly number[];
  /** Filler to write after the unit; it completes the part. */
  readonly padding?: number;
}

/**
 * Parts end between units. Without equal sizes that is easy: a part is whole once a unit has brought it to
 * its target. With equal sizes the rest is filled with bytes that readers skip, of at least `minFiller`
 * bytes; only a unit that fits no part by itself (or where there is no filler) is cut. Where parts are multiples of
 * something, the last unit of one is followed by filler up to the next multiple, or cut at the last one.
 */
export function placeUnit(
  plan: PartPlan,
  at: { readonly number: number; readonly filled: number },
  size: number,
  minFiller: number | undefined,
): Placement {
  if (!plan.equal) return placeAtMultiple(plan, at, size, minFiller);
  const target = plan.targetSize(at.number);
  const room = target - at.filled;
  const fits = (space: number) => size === space || (minFiller !== undefined && size <= space - minFiller);
  if (fits(room) || (minFiller === undefined && size <= room)) return { filler: 0, pieces: [size] };
  if (minFiller !== undefined && at.filled > 0 && room >= minFiller && fits(target)) {
    return { filler: room, pieces: [size] };
  }
  return { filler: 0, pieces: cutEqually(size, room, target) };
}

function placeAtMultiple(
  { multiple, targetSize }: PartPlan,
  { number, filled }: { readonly number: number; readonly filled: number },
  size: number,
  minFiller: number | undefined,
): Placement {
  const end = filled + size;
  const over = multiple === undefined || end < targetSize(number) ? 0 : end % multiple;
  if (multiple === undefined || over === 0) return { filler: 0, pieces: [size] };
  if (minFiller === undefined) return { filler: 0, pieces: [size - over, over] };
  return { filler: 0, pieces: [size], padding: paddingTo(multiple, end, minFiller) };
}

/** What brings `size` to a multiple: nothing, or at least `minFiller` bytes. */
export function paddingTo(multiple: number, size: number, minFiller: number): number {
  const missing = (multiple - (size % multiple)) % multiple;
  return missing === 0 || missing >= minFiller ? missing : missing + multiple;
}

/** `size` bytes as a first piece of at most `room` and further ones of `target`. */
export function cutEqually(size: number, room: number, target: number): number[] {
  const pieces: number[] = [];
  for (let left = size, space = room; left > 0; space = target) {
    const piece = Math.min(left, space);
    pieces.push(piece);
    left -= piece;
  }
  return pieces;
}
