import { type KubeApi, kubernetesObject, listObjects } from '@tapedeck/kube-api';
import { z } from 'zod';
import type { LaunchedPod } from './launched-object.ts';
import { waitingFor } from './pod-problem.ts';

/** A pod that takes longer to start is asked about, in milliseconds. */
const firstAskMs = 5_000;
/** Kubelet tries again every two minutes at the latest; a pod whose volumes are there then starts, which its status says. */
const longestAskMs = 60_000;

const listTimeoutMs = 10_000;

const mountEvent = kubernetesObject.extend({
  message: z.string().default(''),
  lastTimestamp: z.string().nullish(),
  involvedObject: z.object({ uid: z.string().optional() }),
});

/** Which volumes could not be mounted: only events say so, a pod's status does not. */
export interface MountFailures {
  /** The newest of that pod, as kubelet put it. */
  of(podUid: string): string | undefined;
  /**
   * Asks about those of the pods that do not start and whose status does not say why, each less and less often. Resolves
   * with those of which there is something new, and forgets pods that are not among them any more. What could not be asked is
   * a problem that is told of, and asked again at its pods' next turn.
   */
  look(pods: readonly LaunchedPod[], now: Date): Promise<readonly LaunchedPod[]>;
}

/** Asks once for all pods of a namespace, however many of them wait. */
export function createMountFailures(
  api: KubeApi,
  onProblem: (event: string, details: Readonly<Record<string, unknown>>) => void,
): MountFailures {
  const known = new Map<string, string>();
  /** When a pod is asked about next, and how long the time was before. */
  const turns = new Map<string, { readonly at: number; readonly waitMs: number }>();

  async function newestIn(namespace: string): Promise<ReadonlyMap<string, string>> {
    const newest = new Map<string, { readonly time: string; readonly message: string }>();
    const fieldSelector = 'involvedObject.kind=Pod,reason=FailedMount';
    await listObjects({
      api,
      path: `/api/v1/namespaces/${namespace}/events`,
      params: { fieldSelector },
      onBegin: () => newest.clear(),
      onItem(item) {
        const { metadata, involvedObject, message, lastTimestamp } = mountEvent.parse(item);
        const time = lastTimestamp ?? metadata.creationTimestamp ?? '';
        const { uid = '' } = involvedObject;
        if ((newest.get(uid)?.time ?? '') <= time) newest.set(uid, { time, message });
      },
      signal: AbortSignal.timeout(listTimeoutMs),
    });
    return new Map([...newest].map(([uid, { message }]) => [uid, message]));
  }

  function takeTurn({ metadata: { uid } }: LaunchedPod, now: Date): void {
    const waitMs = Math.min(longestAskMs, (turns.get(uid)?.waitMs ?? firstAskMs / 2) * 2);
    turns.set(uid, { at: now.getTime() + waitMs, waitMs });
  }

  function isDue(pod: LaunchedPod, now: Date): boolean {
    const { uid, creationTimestamp } = pod.metadata;
    if (pod.status.phase !== 'Pending' || pod.spec.nodeName === undefined) return false;
    if (waitingFor(pod, now) !== undefined) return false;
    const first = Date.parse(creationTimestamp ?? '') + firstAskMs;
    return now.getTime() >= (turns.get(uid)?.at ?? first);
  }

  return {
    of: (podUid) => known.get(podUid),

    async look(pods, now) {
      const there = new Set(pods.map(({ metadata }) => metadata.uid));
      for (const uid of [...turns.keys()].filter((uid) => !there.has(uid))) {
        turns.delete(uid);
        known.delete(uid);
      }
      const due = Map.groupBy(
        pods.filter((pod) => isDue(pod, now)),
        ({ metadata }) => metadata.namespace ?? '',
      );
      const told: LaunchedPod[] = [];
      for (const [namespace, waiting] of due) {
        // Whatever comes of it: a namespace that refuses, or keeps us waiting, is asked less often too.
        for (const pod of waiting) takeTurn(pod, now);
        try {
          const messages = await newestIn(namespace);
          for (const pod of waiting) {
            const { uid } = pod.metadata;
            const message = messages.get(uid);
            if (message === undefined || message === known.get(uid)) continue;
            known.set(uid, message);
            told.push(pod);
          }
        } catch (error) {
          onProblem('EventsNotRead', { namespace, message: String(error) });
        }
      }
      return told;
    },
  };
}
