import type { Kind, Log, ResourceByKind, ResourceKey, ResourceStore } from '@tapedeck/control';
import { apiVersion, isFinalPhase, type RecordingPhase, redact, TapedeckError } from '@tapedeck/core';
import {
  collectionPath,
  isConflict,
  isNotFound,
  type KubeApi,
  readResource,
  resourcePath,
  type StoredResource,
} from '@tapedeck/kube-api';
import { finalizerChange, objectFinalizer } from './object-finalizer.ts';
import { createReflectorSet, type ReflectorSet } from './reflector-set.ts';

/** Who owns a status, and who the finalizer: one field manager for each, or one would take the other's away. */
const statusManager = 'tapedeck-status';
const finalizerManager = 'tapedeck-finalizer';

const kinds = [
  'ExternalStorage',
  'Recording',
  'RecordingCopy',
  'RecordingProfile',
] as const satisfies readonly Kind[];

type Reflectors = { readonly [K in Kind]: ReflectorSet<StoredResource<K>> };

/** Control's resources on the API server: read from a copy that watches keep current, written by server-side apply. */
export interface KubeResourceStore extends ResourceStore {
  /** Resolves once everything that exists is known. */
  readonly synced: Promise<void>;
  readonly reflectors: Reflectors;
}

/** Begins to list and to watch at once, and goes on until the signal aborts. */
export function createKubeResourceStore(options: {
  readonly api: KubeApi;
  /** Absent or empty: all of them. */
  readonly namespaces?: readonly string[] | undefined;
  /** What was launched in a listed namespace: it is known before any of the recordings there. */
  readonly launched?: readonly ReflectorSet<unknown>[];
  /** Hears of each resource whose status was written with the phase that is its last. */
  readonly onEnded?: (kind: Kind, phase: RecordingPhase) => void;
  readonly log: Log;
  readonly signal: AbortSignal;
}): KubeResourceStore {
  const { api, log, signal } = options;
  const reflect = <K extends Kind>(
    kind: K,
    after: readonly ReflectorSet<unknown>[],
  ): ReflectorSet<StoredResource<K>> =>
    createReflectorSet({
      after,
      api,
      namespaces: options.namespaces,
      path: (namespace) => collectionPath(kind, namespace),
      read: (object) => readResource(kind, object),
      onProblem: (event, details) => log.warn(event, { kind, ...details }),
      signal,
    });
  // In this order, for each is looked at with what it names.
  const named = options.launched ?? [];
  const ExternalStorage = reflect('ExternalStorage', []);
  const RecordingProfile = reflect('RecordingProfile', []);
  const Recording = reflect('Recording', [...named, ExternalStorage, RecordingProfile]);
  const RecordingCopy = reflect('RecordingCopy', [...named, ExternalStorage, Recording]);
  const reflectors: Reflectors = { ExternalStorage, Recording, RecordingCopy, RecordingProfile };
  const synced = Promise.all(kinds.map((kind) => reflectors[kind].synced)).then(() => undefined);

  async function setFinalizer(kind: Kind, namespace: string, name: string, uid: string, on: boolean) {
    const metadata = { name, namespace, uid, ...(on ? { finalizers: [objectFinalizer] } : {}) };
    const object = await api.apply(resourcePath(kind, namespace, name), finalizerManager, {
      apiVersion,
      kind,
      metadata,
    });
    reflectors[kind].put(object);
  }

  /** As soon as a Recording asks for it, so that no deletion comes before. */
  function keepFinalizer(namespace: string, name: string): void {
    const stored = reflectors.Recording.get(namespace, name);
    if (stored === undefined) return;
    const change = finalizerChange(stored.resource, stored.finalizers);
    if (change === undefined) return;
    setFinalizer('Recording', namespace, name, stored.resource.metadata.uid ?? '', change).catch(
      (error: unknown) => {
        if (isNotFound(error) || isConflict(error) || signal.aborted) return;
        log.warn('FinalizerRefused', { namespace, name, message: redact(String(error)) });
      },
    );
  }

  return {
    synced,
    reflectors,

    async get<K extends Kind>(kind: K, namespace: string, name: string) {
      await synced;
      const reflector: ReflectorSet<StoredResource<K>> = reflectors[kind];
      return reflector.get(namespace, name)?.resource;
    },

    async list<K extends Kind>(kind: K, namespace?: string) {
      await synced;
      const reflector: ReflectorSet<StoredResource<K>> = reflectors[kind];
      const all: ResourceByKind[K][] = [];
      for (const { resource } of reflector.values()) {
        if (namespace === undefined || resource.metadata.namespace === namespace) all.push(resource);
      }
      return all;
    },

    async writeStatus(resource, status) {
      const { kind, metadata } = resource;
      const { namespace = 'default', name, uid } = metadata;
      try {
        const object = await api.apply(`${resourcePath(kind, namespace, name)}/status`, statusManager, {
          apiVersion,
          kind,
          // With its uid, it is a conflict where another one has taken the name.
          metadata: { name, namespace, uid },
          status,
        });
        const phase = phaseOf(status);
        // Told before the copy changes: nobody sees the one without the other.
        if (phase !== undefined && phase !== phaseOf(resource.status)) options.onEnded?.(kind, phase);
        reflectors[kind].put(object);
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) return;
        throw TapedeckError.from(error);
      }
    },

    async remove({ kind, namespace, name }, uid) {
      const stored = reflectors[kind].get(namespace, name);
      try {
        if (stored?.finalizers.includes(objectFinalizer) === true && stored.resource.metadata.uid === uid) {
          await setFinalizer(kind, namespace, name, uid, false);
        }
        if (stored?.resource.metadata.deletionTimestamp !== undefined) return;
        await api.call({
          method: 'DELETE',
          path: resourcePath(kind, namespace, name),
          body: { preconditions: { uid } },
        });
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) return;
        throw TapedeckError.from(error);
      }
    },

    watch(onChange, stop) {
      void synced.then(() => {
        if (stop.aborted) return;
        const end = kinds.map((kind) =>
          reflectors[kind].subscribe((namespace, name) => {
            if (kind === 'Recording') keepFinalizer(namespace, name);
            onChange({ kind, namespace, name } satisfies ResourceKey);
          }),
        );
        stop.addEventListener('abort', () => end.forEach((each) => void each()), { once: true });
      });
    },
  };
}

/** The phase of a status where it is a last one; storages and profiles have none. */
function phaseOf(status: ResourceByKind[Kind]['status']): RecordingPhase | undefined {
  if (status === undefined || !('phase' in status)) return undefined;
  return isFinalPhase(status.phase) ? status.phase : undefined;
}
