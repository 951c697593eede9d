const MiB = 1024 * 1024;

/** Four parts of the first size, a fragment longer each. */
const MAX_BYTES = 24 * MiB;
/**
 * Two leave a server waiting that has much to do between two bodies: Azurite took a fifth longer with them than with
 * four, and six brought nothing but memory.
 */
const MAX_QUICK = 4;
/** On a slow link more would only share it, until each takes longer than a put may. */
const MAX_SLOW = 2;

export interface PutsAtATime {
  readonly partSize: number;
  /** The put before did not take long. */
  readonly isQuick: boolean;
  /** Nothing grows any more: one more goes out in place of what grew. */
  readonly isAtEnd?: boolean;
}

/** How many sealed parts go out at a time: as many as the memory for them holds, within reason. */
export function parallelPuts({ partSize, isQuick, isAtEnd = false }: PutsAtATime): number {
  const fitting = Math.max(1, Math.floor(MAX_BYTES / Math.max(1, partSize)));
  return Math.min(isQuick ? MAX_QUICK : MAX_SLOW, fitting) + (isAtEnd ? 1 : 0);
}
