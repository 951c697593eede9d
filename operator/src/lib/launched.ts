import type { KubeApi } from '@tapedeck/kube-api';
import {
  type LaunchedJob,
  type LaunchedPod,
  readJob,
  readPod,
  recordingOf,
  runOf,
} from './launched-object.ts';
import { hasEnded } from './pod-problem.ts';
import { createReflectorSet, type ReflectorSet } from './reflector-set.ts';
import { launchedSelector } from './run-labels.ts';

/**
 * Control looks at once when a pod ends or goes, and again within minutes where that fails. What ended longer ago than this,
 * with nothing of it left, was looked at, or is somebody else's: a replica that does not lead is never told to forget.
 */
const endingKeptMs = 3_600_000;

/** Everything that was launched and is there, kept current by watches. */
export interface Launched {
  readonly synced: Promise<void>;
  readonly jobs: ReflectorSet<LaunchedJob>;
  readonly pods: ReflectorSet<LaunchedPod>;
  job(run: string): LaunchedJob | undefined;
  /**
   * Those that are there, and the last one that was seen to end, for at least an hour after everything of the run has gone:
   * a pod's end is gone with it.
   */
  podsOf(run: string): readonly LaunchedPod[];
  forget(run: string): void;
  /** Calls back with the uid of a recording whose Jobs or pods changed. */
  subscribe(listener: (recordingUid: string) => void): () => void;
}

export function createLaunched(options: {
  readonly api: KubeApi;
  /** Absent or empty: all of them. */
  readonly namespaces?: readonly string[] | undefined;
  readonly onProblem: (event: string, details: Readonly<Record<string, unknown>>) => void;
  readonly signal: AbortSignal;
  /** Milliseconds, from wherever; absent: the process's own. */
  readonly now?: () => number;
}): Launched {
  const { api, onProblem, signal, namespaces, now = () => performance.now() } = options;
  const common = { api, namespaces, labelSelector: launchedSelector, onProblem, signal };
  const scope = (namespace?: string) => (namespace === undefined ? '' : `/namespaces/${namespace}`);
  const jobs = createReflectorSet({
    ...common,
    path: (namespace) => `/apis/batch/v1${scope(namespace)}/jobs`,
    read: readJob,
  });
  const pods = createReflectorSet({
    ...common,
    path: (namespace) => `/api/v1${scope(namespace)}/pods`,
    read: readPod,
  });
  /** Where the objects of a run are, as `namespace/name`. */
  const jobOf = new Map<string, readonly [string, string]>();
  const podNames = new Map<string, Map<string, readonly [string, string]>>();
  const endings = new Map<string, LaunchedPod>();
  /** When the last of a run went that had been seen to end; the oldest first. */
  const goneAt = new Map<string, number>();
  const listeners = new Set<(uid: string) => void>();
  const runsByName = new Map<string, { run: string; uid: string }>();

  const tell = (uid: string | undefined) => {
    if (uid !== undefined) for (const listener of [...listeners]) listener(uid);
  };

  function forget(run: string): void {
    endings.delete(run);
    goneAt.delete(run);
  }

  /** Something of the run has gone, perhaps the last of it. */
  function leave(run: string): void {
    if (podNames.get(run)?.size === 0) podNames.delete(run);
    if (endings.has(run) && !jobOf.has(run) && !podNames.has(run)) goneAt.set(run, now());
    for (const [each, at] of goneAt) {
      if (now() - at < endingKeptMs) return;
      forget(each);
    }
  }

  jobs.subscribe((at, name) => {
    const job = jobs.get(at, name);
    const run = job === undefined ? undefined : runOf(job);
    if (job !== undefined && run !== undefined) {
      jobOf.set(run, [at, name]);
      goneAt.delete(run);
      runsByName.set(`job/${at}/${name}`, { run, uid: recordingOf(job) ?? '' });
      tell(recordingOf(job));
      return;
    }
    const gone = runsByName.get(`job/${at}/${name}`);
    runsByName.delete(`job/${at}/${name}`);
    if (gone === undefined) return;
    jobOf.delete(gone.run);
    leave(gone.run);
    tell(gone.uid);
  });
  pods.subscribe((at, name) => {
    const pod = pods.get(at, name);
    const run = pod === undefined ? undefined : runOf(pod);
    if (pod !== undefined && run !== undefined) {
      const names = podNames.get(run) ?? new Map<string, readonly [string, string]>();
      podNames.set(run, names.set(name, [at, name]));
      goneAt.delete(run);
      runsByName.set(`pod/${at}/${name}`, { run, uid: recordingOf(pod) ?? '' });
      if (hasEnded(pod)) endings.set(run, pod);
      tell(recordingOf(pod));
      return;
    }
    const gone = runsByName.get(`pod/${at}/${name}`);
    runsByName.delete(`pod/${at}/${name}`);
    if (gone === undefined) return;
    podNames.get(gone.run)?.delete(name);
    leave(gone.run);
    tell(gone.uid);
  });

  return {
    synced: Promise.all([jobs.synced, pods.synced]).then(() => undefined),
    jobs,
    pods,
    job(run) {
      const at = jobOf.get(run);
      return at === undefined ? undefined : jobs.get(...at);
    },
    podsOf(run) {
      const there = [...(podNames.get(run)?.values() ?? [])].flatMap((at) => pods.get(...at) ?? []);
      const ending = endings.get(run);
      const known = there.some(({ metadata }) => metadata.uid === ending?.metadata.uid);
      return ending === undefined || known ? there : [...there, ending];
    },
    forget,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
