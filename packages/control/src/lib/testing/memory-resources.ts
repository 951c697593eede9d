import { isSame } from '@tapedeck/core';
import type { Kind, ResourceByKind, ResourceKey, ResourceStore } from '../ports.ts';

export interface MemoryResources extends ResourceStore {
  /** Creates the resource or changes its spec and annotations, as an apply does; returns it with its uid. */
  apply<K extends Kind>(kind: K, resource: ManifestOf<K>): ResourceByKind[K];
  /** Sets `deletionTimestamp`: control has to let go of it. */
  requestDeletion(kind: Kind, name: string, namespace?: string): void;
  /** Takes it away at once, as a store without finalizers does. */
  vanish(kind: Kind, name: string, namespace?: string): void;
  /** Statuses that were written, to see that nothing is written in vain. */
  readonly writes: number;
}

type ManifestOf<K extends Kind> = Omit<ResourceByKind[K], 'apiVersion' | 'kind' | 'status'>;

/** Resources in memory: a store that forgets with its process. Every call answers on a later turn, with a copy. */
export function createMemoryResources(now: () => Date = () => new Date()): MemoryResources {
  const kept = new Map<string, ResourceByKind[Kind]>();
  const listeners = new Set<(key: ResourceKey) => void>();
  let made = 0;
  let writes = 0;

  const idOf = (kind: Kind, namespace: string, name: string) => `${kind}/${namespace}/${name}`;
  const tell = (key: ResourceKey) => {
    for (const listener of [...listeners]) queueMicrotask(() => listener(key));
  };
  const keyOf = (resource: ResourceByKind[Kind]): ResourceKey => ({
    kind: resource.kind,
    namespace: resource.metadata.namespace ?? 'default',
    name: resource.metadata.name,
  });

  function put(resource: ResourceByKind[Kind]): void {
    const key = keyOf(resource);
    kept.set(idOf(key.kind, key.namespace, key.name), resource);
    tell(key);
  }

  return {
    async get<K extends Kind>(kind: K, namespace: string, name: string) {
      await Promise.resolve();
      return structuredClone(kept.get(idOf(kind, namespace, name))) as ResourceByKind[K] | undefined;
    },
    async list<K extends Kind>(kind: K, namespace?: string) {
      await Promise.resolve();
      const all = [...kept.values()].filter(
        (resource) =>
          resource.kind === kind && (namespace === undefined || resource.metadata.namespace === namespace),
      );
      return structuredClone(all) as ResourceByKind[K][];
    },
    async writeStatus(resource, status) {
      await Promise.resolve();
      const { kind, namespace, name } = keyOf(resource);
      const old = kept.get(idOf(kind, namespace, name));
      if (old === undefined || old.metadata.uid !== resource.metadata.uid || isSame(old.status, status))
        return;
      writes += 1;
      put({ ...old, status: structuredClone(status) } as ResourceByKind[Kind]);
    },
    async remove({ kind, namespace, name }, uid) {
      await Promise.resolve();
      const id = idOf(kind, namespace, name);
      if (kept.get(id)?.metadata.uid !== uid) return;
      kept.delete(id);
      tell({ kind, namespace, name });
    },
    watch(onChange, signal) {
      if (signal.aborted) return;
      listeners.add(onChange);
      signal.addEventListener('abort', () => listeners.delete(onChange), { once: true });
      for (const resource of kept.values()) onChange(keyOf(resource));
    },
    apply<K extends Kind>(kind: K, manifest: ManifestOf<K>) {
      const { metadata, spec } = structuredClone(manifest);
      const namespace = metadata.namespace ?? 'default';
      const old = kept.get(idOf(kind, namespace, metadata.name));
      made += 1;
      const resource = {
        apiVersion: 'tapedeck.dev/v1alpha1',
        kind,
        metadata: {
          uid:
            old?.metadata.uid ?? metadata.uid ?? `00000000-0000-4000-8000-${String(made).padStart(12, '0')}`,
          creationTimestamp:
            old?.metadata.creationTimestamp ?? metadata.creationTimestamp ?? now().toISOString(),
          ...metadata,
          namespace,
          generation: (old?.metadata.generation ?? 0) + (isSame(old?.spec, spec) ? 0 : 1),
        },
        spec,
        ...(old?.status === undefined ? {} : { status: old.status }),
      } as ResourceByKind[K];
      put(resource);
      return structuredClone(resource);
    },
    requestDeletion(kind, name, namespace = 'default') {
      const old = kept.get(idOf(kind, namespace, name));
      if (old === undefined) return;
      put({
        ...old,
        metadata: { ...old.metadata, deletionTimestamp: now().toISOString() },
      } as ResourceByKind[Kind]);
    },
    vanish(kind, name, namespace = 'default') {
      kept.delete(idOf(kind, namespace, name));
      tell({ kind, namespace, name });
    },
    get writes() {
      return writes;
    },
  };
}
