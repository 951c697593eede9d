import { setTimeout as sleep } from 'node:timers/promises';
import { type Launcher, type Log, ownerOf } from '@tapedeck/control';
import { type CheckReport, checkReport, TapedeckError } from '@tapedeck/core';
import { ApiError, isConflict, isNotFound, type KubeApi } from '@tapedeck/kube-api';
import { checkJob, checkName, runJob } from './job-manifest.ts';
import { createLaunched, type Launched } from './launched.ts';
import { type LaunchedPod, recordingOf } from './launched-object.ts';
import { createMountFailures } from './mount-failures.ts';
import { endOf, hasEnded, isLost, type PodProblem, waitingFor } from './pod-problem.ts';
import type { RecorderSettings } from './recorder-settings.ts';
import { observeRun } from './run-observation.ts';

/** How often pods are looked at that nothing happens to: a missing Secret changes nothing of a pod. */
const lookMs = 5_000;
/** Longer than any check of a storage, its image pulled. */
const checkTimeoutMs = 240_000;
/** Between looks at a check's pod, where no change told of it. */
const checkPollMs = 1_000;
/** A check whose pod cannot start for so long says why, rather than wait for its time to be over. */
const checkPatienceMs = 30_000;

export interface KubeLauncher extends Launcher {
  readonly synced: Promise<void>;
  readonly launched: Launched;
}

/** Runs as Jobs. A run's Job has a name made of its id, so that launching it twice is launching it once. */
export function createKubeLauncher(options: {
  readonly api: KubeApi;
  /** Absent or empty: all of them. */
  readonly namespaces?: readonly string[] | undefined;
  readonly settings: RecorderSettings;
  /** Called before anything runs in a namespace, which it may refuse. */
  readonly guard?: (namespace: string) => Promise<void>;
  readonly log: Log;
  readonly signal: AbortSignal;
}): KubeLauncher {
  const { api, settings, log, signal } = options;
  const onProblem = (event: string, details: Readonly<Record<string, unknown>>) => log.warn(event, details);
  const launched = createLaunched({ api, namespaces: options.namespaces, onProblem, signal });
  const mountFailures = createMountFailures(api, onProblem);
  const listeners = new Set<(recordingUid: string) => void>();
  const jobsPath = (namespace: string) => `/apis/batch/v1/namespaces/${namespace}/jobs`;

  const tell = (uid: string) => {
    for (const listener of [...listeners]) listener(uid);
  };
  launched.subscribe(tell);

  async function create(namespace: string, job: unknown): Promise<void> {
    await options.guard?.(namespace);
    try {
      launched.jobs.put(await api.call({ method: 'POST', path: jobsPath(namespace), body: job }));
    } catch (error) {
      // Of that name: launched before.
      if (isConflict(error)) return;
      throw launchError(error, namespace);
    }
  }

  /** Pods to which nothing happens: why they do not start, and whether their node is lost. */
  async function look(): Promise<void> {
    const now = new Date();
    const pods = [...launched.pods.values()].filter((pod) => !hasEnded(pod));
    const tellOf = (pod: LaunchedPod) => {
      const uid = recordingOf(pod);
      if (uid !== undefined) tell(uid);
    };
    pods.filter((pod) => isLost(pod, now)).forEach(tellOf);
    (await mountFailures.look(pods, now)).forEach(tellOf);
  }

  async function keepLooking(): Promise<void> {
    while (!signal.aborted) {
      await sleep(lookMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await look().catch((error: unknown) => log.warn('PodsNotSeen', { message: String(error) }));
    }
  }
  void keepLooking();

  function objectsOf(run: string) {
    const pods = launched.podsOf(run);
    const [mountFailure] = pods.flatMap(({ metadata }) => mountFailures.of(metadata.uid) ?? []);
    return { job: launched.job(run), pods, now: new Date(), mountFailure };
  }

  async function removeJob(namespace: string, name: string): Promise<void> {
    try {
      await api.call({
        method: 'DELETE',
        path: `${jobsPath(namespace)}/${name}`,
        body: { propagationPolicy: 'Background' },
      });
    } catch (error) {
      if (!isNotFound(error)) throw TapedeckError.from(error);
    }
  }

  function checkPod(namespace: string, job: string): LaunchedPod | undefined {
    for (const pod of launched.pods.values()) {
      const { metadata } = pod;
      if (metadata.namespace === namespace && metadata.labels?.['job-name'] === job) return pod;
    }
    return undefined;
  }

  return {
    synced: launched.synced,
    launched,

    async launch(plan) {
      await launched.synced;
      await create(ownerOf(plan).namespace, runJob(plan, settings));
    },

    async observe(run) {
      await launched.synced;
      return observeRun(objectsOf(run));
    },

    async terminate(run) {
      const job = launched.job(run);
      if (job === undefined || job.spec.suspend === true) return;
      const { namespace = '', name, uid } = job.metadata;
      try {
        // A Job that is suspended has its pod ended with its grace period, and gets no other.
        launched.jobs.put(
          await api.call({
            method: 'PATCH',
            path: `${jobsPath(namespace)}/${name}`,
            body: { metadata: { uid }, spec: { suspend: true } },
            contentType: 'application/merge-patch+json',
          }),
        );
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw TapedeckError.from(error);
      }
    },

    async forget(run) {
      await launched.synced;
      const job = launched.job(run);
      if (job !== undefined) await removeJob(job.metadata.namespace ?? '', job.metadata.name);
      launched.forget(run);
    },

    watch(onChange, stop) {
      if (stop.aborted) return;
      listeners.add(onChange);
      stop.addEventListener('abort', () => listeners.delete(onChange), { once: true });
    },

    async check(plan, stop) {
      await launched.synced;
      const { namespace } = plan;
      const job = checkName(plan.id);
      const begun = performance.now();
      try {
        await create(namespace, checkJob(plan, settings));
        for (;;) {
          const pod = checkPod(namespace, job);
          if (pod !== undefined && hasEnded(pod)) return readCheck(pod, plan.name);
          const waited = performance.now() - begun;
          const failure = pod === undefined ? undefined : mountFailures.of(pod.metadata.uid);
          const problem = pod === undefined ? undefined : waitingFor(pod, new Date(), failure);
          if (problem !== undefined && waited > checkPatienceMs) {
            return unstarted(plan, problem, waited / 1000);
          }
          if (waited > checkTimeoutMs) {
            throw new TapedeckError(
              'StorageTimeout',
              `the check of storage ${plan.name} has not ended within ${checkTimeoutMs / 1000} s`,
            );
          }
          await sleep(checkPollMs, undefined, { signal: stop });
        }
      } catch (error) {
        if (stop.aborted)
          throw new TapedeckError('Aborted', `the check of storage ${plan.name} was given up`);
        throw error;
      } finally {
        await removeJob(namespace, job).catch((error: unknown) =>
          log.warn('CheckNotRemoved', { namespace, name: plan.name, message: String(error) }),
        );
      }
    },
  };
}

function launchError(error: unknown, namespace: string): TapedeckError {
  if (error instanceof TapedeckError) return error;
  if (!(error instanceof ApiError)) return TapedeckError.from(error);
  if (error.status === 403 && /being terminated/.test(error.message)) {
    return new TapedeckError('Aborted', `namespace ${namespace} is being deleted`, { cause: error });
  }
  const code = error.status === 422 || error.status === 400 ? 'NotSupported' : 'Unknown';
  return new TapedeckError(code, `its Job was refused: ${error.message}`, { cause: error });
}

/** No storage was asked anything: the reason is what keeps the pod, and the next check looks again. */
function unstarted(
  plan: { readonly id: string; readonly name: string },
  problem: PodProblem,
  durationSeconds: number,
): CheckReport {
  const nothing = { multipart: false, rewriteFirstPart: false, read: false, list: false, delete: false };
  return {
    version: 1,
    id: plan.id,
    time: new Date().toISOString(),
    durationSeconds,
    ready: false,
    reason: problem.reason,
    message: `The check of storage ${plan.name} does not start. ${problem.message}`,
    steps: [],
    capabilities: { ...nothing, signUrls: false },
  };
}

function readCheck(pod: LaunchedPod, storage: string): CheckReport {
  const end = endOf(pod);
  try {
    return checkReport.parse(JSON.parse(end?.message ?? ''));
  } catch (cause) {
    const how = end === undefined ? (pod.status.reason ?? 'without a word') : `exit code ${end.exitCode}`;
    throw new TapedeckError('Unknown', `the check of storage ${storage} ended (${how}) without a report`, {
      cause,
    });
  }
}
