import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, isExpired, isRefusal } from './api-error.ts';
import type { KubeApi } from './kube-api.ts';
import {
  apiStatus,
  isNewer,
  type KubernetesObject,
  kubernetesObject,
  objectVersion,
} from './kubernetes-object.ts';
import { listObjects } from './object-list.ts';

/** Seconds, doubled after each failure; half of it is chance, so that replicas do not come back together. */
const firstDelay = 0.5;
/** No server ends a watch so soon that works. */
const shortestWatchMs = 100;
const longestDelay = 30;
/** Right after an installation rights are not known to each API server yet: a refusal counts where it is repeated. */
const settledRefusals = 3;
/**
 * The server ends a watch after that, which is a sign of life where nothing changes: bookmarks are promised by nobody, and do
 * not come of a quiet kind unless etcd was told to notify of its progress. So it is below what counts as silence anywhere.
 */
const watchSeconds = 90;
/** A list anew finds what a watch has missed. */
const relistMs = 600_000;

/** An object as its kind's owner keeps it. */
export interface Kept<T> {
  readonly value: T;
  readonly uid: string;
  readonly version: string;
}

export interface ReflectorCounts {
  readonly lists: number;
  readonly watches: number;
  readonly failures: number;
  /** Objects that a later list found and no watch had told of. */
  readonly missed: number;
}

/** A copy of all objects of one kind, kept current for as long as it runs. */
export interface Reflector<T> {
  /** Resolves once everything that exists is there. */
  readonly synced: Promise<void>;
  /** Resolves once it is synced, or the server has refused three times running that it be listed. */
  readonly settled: Promise<void>;
  /** What the server said when it last refused (403 or 404) a list or a watch; undefined where it does not refuse. */
  readonly refusal: string | undefined;
  get(namespace: string, name: string): T | undefined;
  values(): Iterable<T>;
  readonly size: number;
  /** Takes in what the server answered to a write of ours, so that it is read at once. */
  put(object: unknown): void;
  /** Called with namespace and name of whatever changed, and for everything that is there at the start. */
  subscribe(listener: (namespace: string, name: string) => void): () => void;
  /** Milliseconds since a list or a watch last worked. */
  readonly silentMs: number;
  /** Milliseconds since it last came round: something worked or failed. It grows without bound where the loop is stuck. */
  readonly stuckMs: number;
  readonly counts: ReflectorCounts;
}

export interface ReflectorOptions<T> {
  readonly api: KubeApi;
  /** `/apis/tapedeck.dev/v1alpha1/recordings`, for all namespaces or for one. */
  readonly path: string;
  readonly labelSelector?: string;
  /** The part of an object that is kept; undefined where it cannot be read, and then what was kept before stays. */
  readonly read: (object: KubernetesObject) => T | undefined;
  readonly onProblem: (event: string, details: Readonly<Record<string, unknown>>) => void;
  /** It begins after that; absent: at once. */
  readonly after?: Promise<unknown>;
  readonly signal: AbortSignal;
}

/** Lists, watches, and begins again whatever happens, until the signal aborts. */
export function createReflector<T>(options: ReflectorOptions<T>): Reflector<T> {
  const { api, path, read, onProblem, signal } = options;
  const kept = new Map<string, Kept<T>>();
  const listeners = new Set<(namespace: string, name: string) => void>();
  const counts = { lists: 0, watches: 0, failures: 0, missed: 0 };
  const synced = Promise.withResolvers<void>();
  const settled = Promise.withResolvers<void>();
  let lastWorked = performance.now();
  let lastTurn = lastWorked;
  let refusal: string | undefined;
  /** One after the other, with nothing else between. */
  let refusals = 0;
  let begun = false;
  let position: string | undefined;
  let listed = false;

  const worked = () => {
    lastWorked = performance.now();
    lastTurn = lastWorked;
  };
  const keyOf = (namespace: string, name: string) => `${namespace}/${name}`;
  const tell = (namespace: string, name: string) => {
    for (const listener of [...listeners]) listener(namespace, name);
  };

  /** Undefined where it is no object; else under which key it goes, and whether that changed what is kept. */
  function put(raw: unknown): { readonly key: string; readonly changed: boolean } | undefined {
    const parsed = kubernetesObject.safeParse(raw);
    if (!parsed.success) {
      onProblem('ObjectUnreadable', { path, message: parsed.error.issues[0]?.message ?? '' });
      return undefined;
    }
    const { namespace = '', name, uid, resourceVersion } = parsed.data.metadata;
    const key = keyOf(namespace, name);
    const before = kept.get(key);
    if (before?.uid === uid && !isNewer(resourceVersion, before.version)) return { key, changed: false };
    const value = read(parsed.data);
    if (value === undefined) {
      onProblem('ObjectUnreadable', { path, namespace, name });
      return { key, changed: false };
    }
    kept.set(key, { value, uid, version: resourceVersion });
    tell(namespace, name);
    return { key, changed: true };
  }

  function drop(raw: unknown): void {
    const parsed = kubernetesObject.safeParse(raw);
    if (!parsed.success) return;
    const { namespace = '', name, uid } = parsed.data.metadata;
    if (kept.get(keyOf(namespace, name))?.uid !== uid) return;
    kept.delete(keyOf(namespace, name));
    tell(namespace, name);
  }

  const params = options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector };

  async function list(): Promise<void> {
    const found = new Set<string>();
    const version = await listObjects({
      api,
      path,
      params,
      // What was deleted between two tries is told of by no watch: it begins after the second one.
      onBegin: () => found.clear(),
      onItem(item) {
        worked();
        const taken = put(item);
        if (taken === undefined) return;
        found.add(taken.key);
        if (taken.changed && listed) counts.missed += 1;
      },
      signal,
    });
    worked();
    for (const [key, { version: own }] of [...kept]) {
      // What we wrote ourselves while the list was on its way is not missing.
      if (found.has(key) || isNewer(own, version)) continue;
      kept.delete(key);
      if (listed) counts.missed += 1;
      const slash = key.indexOf('/');
      tell(key.slice(0, slash), key.slice(slash + 1));
    }
    counts.lists += 1;
    position = version;
    listed = true;
    if (refusal !== undefined) onProblem('WatchRestored', { path });
    refusal = undefined;
    refusals = 0;
    synced.resolve();
    settled.resolve();
  }

  /** True where the server answered, and its answer was that this may not be read or is not there. */
  function refused(error: unknown): boolean {
    refusals = isRefusal(error) ? refusals + 1 : 0;
    if (!isRefusal(error)) return false;
    // Said once: it may stay so for as long as a namespace is gone.
    if (refusal === undefined) onProblem('WatchRefused', { path, message: error.message });
    refusal = error.message;
    position = undefined;
    if (refusals >= settledRefusals) settled.resolve();
    return true;
  }

  async function watch(): Promise<void> {
    counts.watches += 1;
    const query = new URLSearchParams({
      ...params,
      watch: 'true',
      allowWatchBookmarks: 'true',
      ...(position === undefined ? {} : { resourceVersion: position }),
      timeoutSeconds: String(watchSeconds),
    });
    await api.watch(
      `${path}?${query}`,
      ({ type, object }) => {
        worked();
        if (type === 'ERROR') {
          const { code, reason, message } = apiStatus.parse(object);
          throw new ApiError(code, reason, message);
        }
        if (type === 'DELETED') drop(object);
        else if (type !== 'BOOKMARK') put(object);
        position = objectVersion.safeParse(object).data?.metadata.resourceVersion ?? position;
      },
      signal,
    );
    worked();
  }

  async function run(): Promise<void> {
    let failures = 0;
    let listedAt = 0;
    await options.after;
    begun = true;
    worked();
    while (!signal.aborted) {
      try {
        if (position === undefined || performance.now() - listedAt > relistMs) {
          await list();
          listedAt = performance.now();
        }
        const began = performance.now();
        await watch();
        // A proxy may answer with nothing, at once and every time.
        if (performance.now() - began < shortestWatchMs) throw new Error('the watch ended at once');
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        lastTurn = performance.now();
        counts.failures += 1;
        if (isExpired(error)) {
          position = undefined;
          if (failures === 0) {
            failures = 1;
            continue;
          }
        }
        failures += 1;
        const delay = Math.min(longestDelay, firstDelay * 2 ** Math.min(failures, 10));
        if (!refused(error) && failures > 1) {
          onProblem('WatchBroken', { path, message: error instanceof Error ? error.message : String(error) });
        }
        await sleep(delay * (0.5 + Math.random() / 2) * 1000, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  void run();
  return {
    synced: synced.promise,
    settled: settled.promise,
    get refusal() {
      return refusal;
    },
    get: (namespace, name) => kept.get(keyOf(namespace, name))?.value,
    *values() {
      for (const { value } of kept.values()) yield value;
    },
    get size() {
      return kept.size;
    },
    put: (object) => void put(object),
    subscribe(listener) {
      listeners.add(listener);
      for (const key of [...kept.keys()]) {
        const slash = key.indexOf('/');
        listener(key.slice(0, slash), key.slice(slash + 1));
      }
      return () => listeners.delete(listener);
    },
    get silentMs() {
      return performance.now() - lastWorked;
    },
    get stuckMs() {
      // What has not begun waits for something else.
      return begun ? performance.now() - lastTurn : 0;
    },
    counts,
  };
}
