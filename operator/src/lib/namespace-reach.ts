import type { ReflectorSet } from './reflector-set.ts';

/** What is watched, by kind. */
export type WatchedKinds = Readonly<Record<string, ReflectorSet<unknown>>>;

/**
 * Why what is kept of a listed namespace is not what there is: a kind is refused, or was never listed there. Undefined
 * where all of it is known.
 */
export function unreadIn(kinds: WatchedKinds, namespace: string): string | undefined {
  for (const [kind, { members }] of Object.entries(kinds)) {
    const refusal = members.get(namespace)?.refusal;
    if (refusal !== undefined) return `${kind}: ${refusal}`;
  }
  const kind = unlistedIn(kinds, namespace);
  return kind === undefined ? undefined : `${kind}: not listed yet`;
}

/** The first kind that was never listed in a listed namespace: nobody can say what is not there. */
export function unlistedIn(kinds: WatchedKinds, namespace: string): string | undefined {
  return Object.entries(kinds).find(([, { members }]) => members.get(namespace)?.counts.lists === 0)?.[0];
}

/** What keeps a replica from being ready. */
export function unsynced(kinds: WatchedKinds): string {
  for (const [kind, { refusal }] of Object.entries(kinds)) {
    if (refusal !== undefined) return `the first list has not ended; ${kind}s are refused: ${refusal}`;
  }
  return 'the first list has not ended';
}
