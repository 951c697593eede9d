import type { TapedeckError } from '@tapedeck/core/error';
import { type ApiCall, ApiError, type KubeApi } from '@tapedeck/kube-api';
import { clusterFailure } from './cluster-failure.ts';

/** Calls to the API server whose failures are the command's own, see `clusterFailure`. */
export interface ClusterCalls {
  call(call: ApiCall): Promise<unknown>;
  /** How a failure of the API server's is said. */
  failure(error: ApiError): TapedeckError;
  /** What is there; undefined where nothing is. */
  find(path: string): Promise<unknown>;
  /** Server-side apply; with `dryRun` the server only says whether it would take it. */
  apply(path: string, manager: string, body: unknown, dryRun?: boolean): Promise<unknown>;
}

/** `context` is named where the cluster does not answer. */
export function createClusterCalls(api: KubeApi, context: string): ClusterCalls {
  const call = async (one: ApiCall): Promise<unknown> => {
    try {
      return await api.call(one);
    } catch (error) {
      throw error instanceof ApiError ? clusterFailure(error, context) : error;
    }
  };
  return {
    call,
    failure: (error) => clusterFailure(error, context),
    async find(path) {
      try {
        return await api.call({ path });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        // An object that is not there is named in the answer; a kind that nobody knows is not.
        if (error.status === 404 && /"[^"]+" not found/.test(error.message)) return undefined;
        throw clusterFailure(error, context);
      }
    },
    apply(path, manager, body, dryRun = false) {
      const query = new URLSearchParams({ fieldManager: manager, force: 'true' });
      if (dryRun) query.set('dryRun', 'All');
      return call({
        method: 'PATCH',
        path: `${path}?${query}`,
        body,
        contentType: 'application/apply-patch+yaml',
      });
    },
  };
}
