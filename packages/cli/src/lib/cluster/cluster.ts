import { TapedeckError } from '@tapedeck/core/error';
import { ApiError, findKubeContext, type KubeconfigChoice, openKubeApi } from '@tapedeck/kube-api';
import { z } from 'zod';
import type { ResourceEvent } from '../output/resource-description.ts';
import type { ResourcePlace } from '../resource-place.ts';
import { readAnswer } from './cluster-answer.ts';
import { type ClusterCalls, createClusterCalls } from './cluster-calls.ts';
import { clusterFailure } from './cluster-failure.ts';
import { createClusterStore } from './cluster-store.ts';

/** A cluster, as the person who calls may use it. Nothing is open between calls but connections kept alive. */
export interface Cluster extends ResourcePlace {
  readonly calls: ClusterCalls;
  /** Name of the kubeconfig's context; empty inside of a pod. */
  readonly context: string;
  /** What is meant where no namespace is named. */
  readonly namespace: string;
}

/** Throws `NotFound` where the kubeconfig, its context or its cluster is not there; asks the cluster nothing. */
export function openCluster(choice: KubeconfigChoice, onProblem: (message: string) => void): Cluster {
  try {
    const { name: context, namespace } = findKubeContext(choice);
    const api = openKubeApi(choice);
    const calls = createClusterCalls(api, context);
    return {
      calls,
      context,
      namespace,
      store: createClusterStore({ calls, api, onProblem }),
      listEvents: ({ metadata: { namespace: of = namespace, uid = '' } }) => listEvents(calls, of, uid),
      // The operator watches over all of them.
      unattended: async () => new Map(),
    };
  } catch (error) {
    throw error instanceof ApiError ? clusterFailure(error, choice.context ?? '') : error;
  }
}

const eventList = z.object({
  items: z.array(
    z.object({
      type: z.enum(['Normal', 'Warning']).catch('Normal'),
      reason: z.string().default(''),
      message: z.string().default(''),
      count: z.number().nullish(),
      firstTimestamp: z.string().nullish(),
      lastTimestamp: z.string().nullish(),
      eventTime: z.string().nullish(),
      metadata: z.object({ creationTimestamp: z.string().default('') }),
    }),
  ),
});

/** Whoever may not read events sees none: the rest of the description is worth having. */
async function listEvents(
  calls: ClusterCalls,
  namespace: string,
  uid: string,
): Promise<readonly ResourceEvent[]> {
  const query = new URLSearchParams({ fieldSelector: `involvedObject.uid=${uid}` });
  try {
    const { items } = readAnswer(
      eventList,
      await calls.call({ path: `/api/v1/namespaces/${namespace}/events?${query}` }),
      `the list of events in namespace ${namespace}`,
    );
    return items
      .map((each) => {
        const made = each.eventTime ?? each.metadata.creationTimestamp;
        const { type, reason, message } = each;
        const last = each.lastTimestamp ?? made;
        return { type, reason, message, count: each.count ?? 1, first: each.firstTimestamp ?? made, last };
      })
      .sort((a, b) => a.last.localeCompare(b.last));
  } catch (error) {
    if (TapedeckError.from(error).code === 'ClusterDenied') return [];
    throw error;
  }
}
