import { TapedeckError } from '@tapedeck/core';
import type { PartList } from './part-list.ts';
import type { FinishOptions } from './store.ts';

/**
 * Lays out the end of a file, and its new start where it gets one; says whether it does. `mayStartAnew`: part 1 is at hand
 * still, or may be put again.
 */
export function layOutEnd(
  list: PartList,
  { head, tail, replaceStart, trailer }: FinishOptions,
  mayStartAnew: boolean,
): boolean {
  const start = replaceStart ?? (head && { length: head.length, bytes: head });
  if (start === undefined || (!mayStartAnew && trailer !== undefined)) {
    list.end(mayStartAnew ? (tail ?? new Uint8Array()) : (trailer?.() ?? tail ?? new Uint8Array()));
    return false;
  }
  if (!mayStartAnew) {
    throw new TapedeckError('NotSupported', 'This storage does not take part 1 again once others followed.');
  }
  list.replaceStart(start.length, start.bytes);
  list.end(tail ?? new Uint8Array());
  return true;
}
