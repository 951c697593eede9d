import { ApiError, isNotFound, type KubeApi, kubernetesObject } from '@tapedeck/kube-api';
import { type LaunchedPod, readPod, recordingOf } from './launched-object.ts';
import { unlistedIn } from './namespace-reach.ts';
import type { ReflectorSet } from './reflector-set.ts';
import type { Owner } from './refused-reports.ts';
import type { KubeResourceStore } from './resource-store.ts';

export interface ReportingPods {
  /**
   * A pod that a token names, also where the watch has not told of it yet; undefined where it is gone. Rejects with
   * `ApiError` where what runs in its namespace is not known yet: whose pod it is nobody can say then.
   */
  find(pod: { readonly namespace: string; readonly name: string }): Promise<LaunchedPod | undefined>;
  /** The recording or the copy that a pod runs for; undefined where that is gone. */
  ownerOf(pod: LaunchedPod): Owner | undefined;
}

/** The pods that reports come from. */
export function createReportingPods(options: {
  readonly api: KubeApi;
  readonly pods: Pick<ReflectorSet<LaunchedPod>, 'get'>;
  readonly owners: Pick<KubeResourceStore['reflectors'], 'Recording' | 'RecordingCopy'>;
}): ReportingPods {
  const { api, pods, owners } = options;
  return {
    async find({ namespace, name }) {
      // A run whose owner is gone is stopped for good, and one whose owner is still to be listed looks the same.
      const unlisted = unlistedIn(owners, namespace);
      if (unlisted !== undefined) {
        throw new ApiError(503, 'NotListed', `the ${unlisted}s of namespace ${namespace} are not known yet`);
      }
      const known = pods.get(namespace, name);
      if (known !== undefined) return known;
      try {
        const object = await api.call({ path: `/api/v1/namespaces/${namespace}/pods/${name}` });
        return readPod(kubernetesObject.parse(object));
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },

    ownerOf(pod) {
      const uid = recordingOf(pod);
      if (uid === undefined) return undefined;
      for (const kind of ['Recording', 'RecordingCopy'] as const) {
        for (const { resource } of owners[kind].values()) {
          const { name, namespace = '' } = resource.metadata;
          if (resource.metadata.uid === uid) return { kind, namespace, name, uid };
        }
      }
      return undefined;
    },
  };
}
