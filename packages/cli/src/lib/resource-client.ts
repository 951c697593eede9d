import type { Kind, ResourceByKind, ResourceKey } from '@tapedeck/control';
import type { Recording } from '@tapedeck/core';
import type { Appliable } from './local/apply-merge.ts';

/** A resource as a file has it. */
export interface ApplyEntry {
  readonly key: ResourceKey;
  readonly manifest: Appliable;
}
export type ApplyOutcome = 'created' | 'configured' | 'unchanged';

/** What the command does to resources, wherever they live: in a data directory or in a cluster. */
export interface ResourceClient {
  /** A snapshot; undefined where there is none. */
  get<K extends Kind>(kind: K, namespace: string, name: string): Promise<ResourceByKind[K] | undefined>;
  /** Of one namespace, or of all. */
  list<K extends Kind>(kind: K, namespace?: string): Promise<readonly ResourceByKind[K][]>;
  /**
   * Calls back with the key of whatever changed, once for each that exists at the start. `within` narrows what is
   * looked at; what is outside of it may be told all the same. `onRefused` is for whom nothing will ever be told: they
   * may not watch, or there is no such kind.
   */
  watch(
    onChange: (key: ResourceKey) => void,
    signal: AbortSignal,
    within: {
      readonly kind: Kind;
      readonly namespace?: string | undefined;
      readonly onRefused?: (error: unknown) => void;
    },
  ): void;
  /**
   * Like `kubectl apply`, in order; nothing is written where one of them is refused. Rejects with `InvalidManifest`
   * where a spec may not be, or may not change like that, and with `AlreadyExists` where one is being deleted.
   */
  apply(entries: readonly ApplyEntry[]): Promise<readonly ApplyOutcome[]>;
  /** Sets `spec.state`; rejects with `NotFound`, or with `InvalidManifest` once it is Stopped. */
  setState(
    namespace: string,
    name: string,
    state: NonNullable<Recording['spec']['state']>,
  ): Promise<Recording>;
  /** Adds annotations beside those there are; gone is no error. */
  annotate(key: ResourceKey, annotations: Readonly<Record<string, string>>): Promise<void>;
  /** Asks control to let go of the resource and remove it. Rejects with `NotFound`. Asking again changes nothing. */
  requestDeletion(key: ResourceKey): Promise<void>;
}
