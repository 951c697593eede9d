import {
  createReflector,
  kubernetesObject,
  type Reflector,
  type ReflectorCounts,
  type ReflectorOptions,
} from '@tapedeck/kube-api';

export interface ReflectorSetOptions<T> extends Omit<ReflectorOptions<T>, 'path' | 'after'> {
  /** Absent or empty: all namespaces, with one list and one watch. */
  readonly namespaces?: readonly string[] | undefined;
  /** Of one namespace's objects, or of everybody's. */
  readonly path: (namespace?: string) => string;
  /**
   * A listed namespace is begun with once these have listed it: it may come later than the others, and nobody is to see
   * recordings of it whose Jobs are not known.
   */
  readonly after?: readonly ReflectorSet<unknown>[];
}

/** A reflector for each listed namespace, as one. */
export interface ReflectorSet<T> extends Reflector<T> {
  /** By namespace; the empty one stands for all of them. */
  readonly members: ReadonlyMap<string, Reflector<T>>;
}

/**
 * A copy of all objects of one kind in the namespaces that are watched: one reflector each, for rights that hold in one
 * namespace allow no list of all of them. Its counts are sums, and it is as silent as its most silent one.
 *
 * A listed namespace that is refused is left out until it is there again: one that was deleted took its Role with it, and
 * the others go on. What was known of it is kept meanwhile, for it may be its rights alone that went.
 */
export function createReflectorSet<T>(options: ReflectorSetOptions<T>): ReflectorSet<T> {
  const { namespaces = [], path, after = [], ...common } = options;
  if (namespaces.length === 0) {
    const one = createReflector({ ...common, path: path() });
    return Object.assign(one, { members: new Map([['', one]]) });
  }
  const members = new Map(
    namespaces.map((namespace) => {
      const before = after.flatMap((set) => set.members.get(namespace) ?? []);
      const listed = Promise.all(before.map(({ synced }) => synced));
      return [namespace, createReflector({ ...common, path: path(namespace), after: listed })];
    }),
  );
  const all = [...members.values()];
  const settled = Promise.all(
    [...members].map(([namespace, { settled }]) => {
      const before = after.flatMap((set) => set.members.get(namespace) ?? []);
      // One that waits for others to be listed is as good as refused where they are.
      const refused = before.map(async (one) => {
        await one.settled;
        if (one.refusal === undefined) await settled;
      });
      return Promise.race([settled, ...refused]);
    }),
  ).then(() => undefined);
  const sum = (of: (one: Reflector<T>) => number) => all.reduce((total, one) => total + of(one), 0);
  /** Of those that answer; of all where none does. */
  const longest = (of: (one: Reflector<T>) => number) => {
    const answering = all.filter(({ refusal }) => refusal === undefined);
    return Math.max(...(answering.length === 0 ? all : answering).map(of));
  };
  return {
    members,
    // Where not one can be read it is no namespace that is gone: rights or definitions are missing.
    synced: settled.then(() => Promise.any(all.map(({ synced }) => synced))),
    settled,
    get refusal() {
      return all.find(({ refusal }) => refusal !== undefined)?.refusal;
    },
    get: (namespace, name) => members.get(namespace)?.get(namespace, name),
    *values() {
      for (const one of all) yield* one.values();
    },
    get size() {
      return sum(({ size }) => size);
    },
    put: (object) => members.get(namespaceOf(object))?.put(object),
    subscribe(listener) {
      const ends = all.map((one) => one.subscribe(listener));
      return () => ends.forEach((end) => void end());
    },
    get silentMs() {
      return longest(({ silentMs }) => silentMs);
    },
    get stuckMs() {
      return Math.max(...all.map(({ stuckMs }) => stuckMs));
    },
    get counts(): ReflectorCounts {
      return {
        lists: sum(({ counts }) => counts.lists),
        watches: sum(({ counts }) => counts.watches),
        failures: sum(({ counts }) => counts.failures),
        missed: sum(({ counts }) => counts.missed),
      };
    },
  };
}

function namespaceOf(object: unknown): string {
  const parsed = kubernetesObject.safeParse(object);
  return parsed.success ? (parsed.data.metadata.namespace ?? '') : '';
}
