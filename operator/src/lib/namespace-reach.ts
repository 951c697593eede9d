import type { ReflectorSet } from './reflector-set.ts';

/** What is watched, by kind. */
export type WatchedKinds = Readonly<Record<string, ReflectorSet<unknown>>>;

/** Why a listed namespace cannot be read; undefined where all of it can. */
export function refusalIn(kinds: WatchedKinds, namespace: string): string | undefined {
  for (const [kind, { members }] of Object.entries(kinds)) {
    const refusal = members.get(namespace)?.refusal;
    if (refusal !== undefined) return `${kind}: ${refusal}`;
  }
  return undefined;
}

/** What keeps a replica from being ready. */
export function unsynced(kinds: WatchedKinds): string {
  for (const [kind, { refusal }] of Object.entries(kinds)) {
    if (refusal !== undefined) return `the first list has not ended; ${kind}s are refused: ${refusal}`;
  }
  return 'the first list has not ended';
}
