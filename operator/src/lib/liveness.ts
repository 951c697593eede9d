/** Something that comes round again and again, whatever the API server answers and whether it answers at all. */
export interface Loop {
  readonly name: string;
  /** Since it last came round. */
  readonly idleMs: number;
  /** The most that one round can take. */
  readonly limitMs: number;
}

/** A watch that says nothing is given up after 150 s, a list after 30 s; 30 s at most lie between two tries. Doubled. */
const watchLimitMs = 420_000;
/**
 * A round is a pause of 2 s and two calls of at most 10 s each. Where the lease is lost, what was led ends in between: looks
 * that are under way (a minute), and the reports of 500 runs, 64 at a time for 10 s each (80 s). Doubled.
 */
const electionLimitMs = 300_000;
/** The longest look at a resource is the check of a storage, which is given up after 240 s. Doubled. */
const reconcileLimitMs = 480_000;

export const watchLoop = (resource: string, idleMs: number): Loop => ({
  name: `the watch of ${resource}s`,
  idleMs,
  limitMs: watchLimitMs,
});

export const electionLoop = (idleMs: number): Loop => ({
  name: 'the election of a leader',
  idleMs,
  limitMs: electionLimitMs,
});

/** Of the look at a resource that has gone on for longest. */
export const reconcileLoop = (seconds: number): Loop => ({
  name: 'a look at a resource',
  idleMs: seconds * 1000,
  limitMs: reconcileLimitMs,
});

/** What is wrong with a process that only a restart helps; undefined where all loops turn. */
export function stuckLoop(loops: readonly Loop[]): string | undefined {
  const stuck = loops.find(({ idleMs, limitMs }) => idleMs > limitMs);
  if (stuck === undefined) return undefined;
  return `${stuck.name} has not come round for ${Math.round(stuck.idleMs / 1000)} s`;
}
