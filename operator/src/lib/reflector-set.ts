import {
  createReflector,
  kubernetesObject,
  type Reflector,
  type ReflectorCounts,
  type ReflectorOptions,
} from '@tapedeck/kube-api';

export interface ReflectorSetOptions<T> extends Omit<ReflectorOptions<T>, 'path'> {
  /** Absent or empty: all namespaces, with one list and one watch. */
  readonly namespaces?: readonly string[] | undefined;
  /** Of one namespace's objects, or of everybody's. */
  readonly path: (namespace?: string) => string;
}

/**
 * A copy of all objects of one kind in the namespaces that are watched: one reflector each, for rights that hold in one
 * namespace allow no list of all of them. Its counts are sums, and it is as silent as its most silent one.
 */
export function createReflectorSet<T>(options: ReflectorSetOptions<T>): Reflector<T> {
  const { namespaces = [], path, ...common } = options;
  if (namespaces.length === 0) return createReflector({ ...common, path: path() });
  const byNamespace = new Map(
    namespaces.map((namespace) => [namespace, createReflector({ ...common, path: path(namespace) })]),
  );
  const all = [...byNamespace.values()];
  const sum = (of: (one: Reflector<T>) => number) => all.reduce((total, one) => total + of(one), 0);
  return {
    synced: Promise.all(all.map(({ synced }) => synced)).then(() => undefined),
    get: (namespace, name) => byNamespace.get(namespace)?.get(namespace, name),
    *values() {
      for (const one of all) yield* one.values();
    },
    get size() {
      return sum(({ size }) => size);
    },
    put: (object) => byNamespace.get(namespaceOf(object))?.put(object),
    subscribe(listener) {
      const ends = all.map((one) => one.subscribe(listener));
      return () => ends.forEach((end) => void end());
    },
    get silentMs() {
      return Math.max(...all.map(({ silentMs }) => silentMs));
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
