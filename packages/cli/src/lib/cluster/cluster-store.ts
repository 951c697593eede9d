import type { Kind, ResourceByKind } from '@tapedeck/control';
import { apiVersion } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';
import {
  ApiError,
  collectionPath,
  createReflector,
  type KubeApi,
  kubernetesObject,
  objectList,
  readResource,
  resourcePath,
  unreadablePart,
} from '@tapedeck/kube-api';
import type { ApplyEntry, ApplyOutcome, ResourceClient } from '../resource-client.ts';
import { readAnswer } from './cluster-answer.ts';
import type { ClusterCalls } from './cluster-calls.ts';

/** Objects a page of a list has. */
const pageSize = 500;
/** Who the command is to server-side apply: fields that a file names no more are taken out again. */
const manager = 'tapedeck-cli';

/**
 * Resources in a cluster, as a person's own rights allow. `api` is for watches, whose failures are told to `onProblem`
 * and got over.
 */
export function createClusterStore(options: {
  readonly calls: ClusterCalls;
  readonly api: KubeApi;
  readonly onProblem: (message: string) => void;
}): ResourceClient {
  const { calls, api, onProblem } = options;

  async function get<K extends Kind>(
    kind: K,
    namespace: string,
    name: string,
  ): Promise<ResourceByKind[K] | undefined> {
    const found = await calls.find(resourcePath(kind, namespace, name));
    return found === undefined ? undefined : toResource(kind, found);
  }

  async function versionOf({ key }: ApplyEntry): Promise<string | undefined> {
    const found = await calls.find(resourcePath(key.kind, key.namespace, key.name));
    if (found === undefined) return undefined;
    const { deletionTimestamp, resourceVersion } = readAnswer(
      kubernetesObject,
      found,
      `${key.kind} ${key.name}`,
    ).metadata;
    if (deletionTimestamp === undefined) return resourceVersion;
    throw new TapedeckError(
      'AlreadyExists',
      `${key.kind} ${key.name} is being deleted; apply it again once it is gone`,
    );
  }

  const write = ({ key, manifest }: ApplyEntry, dryRun: boolean): Promise<unknown> => {
    const { kind, namespace, name } = key;
    const { labels, annotations, spec } = manifest;
    const body = { apiVersion, kind, metadata: { name, namespace, labels, annotations }, spec };
    return calls.apply(resourcePath(kind, namespace, name), manager, body, dryRun);
  };

  async function merge(path: string, body: unknown): Promise<unknown> {
    return await calls.call({
      method: 'PATCH',
      path,
      body,
      contentType: 'application/merge-patch+json',
    });
  }

  return {
    get,

    async list<K extends Kind>(kind: K, namespace?: string) {
      const all: ResourceByKind[K][] = [];
      let next: string | undefined;
      do {
        const query = new URLSearchParams({ limit: String(pageSize) });
        if (next !== undefined) query.set('continue', next);
        const page = readAnswer(
          objectList,
          await calls.call({ path: `${collectionPath(kind, namespace)}?${query}` }),
          `the list of ${kind}`,
        );
        all.push(...page.items.map((item) => toResource(kind, item)));
        next = page.metadata.continue === '' ? undefined : page.metadata.continue;
      } while (next !== undefined);
      return all;
    },

    watch(onChange, signal, { kind, namespace, onRefused }) {
      if (signal.aborted) return;
      const reflector = createReflector({
        api: onRefused === undefined ? api : tellingRefusals(api, (error) => onRefused(calls.failure(error))),
        path: collectionPath(kind, namespace),
        read: () => true,
        onProblem: (_event, { message }) => onProblem(String(message ?? '')),
        signal,
      });
      const leave = reflector.subscribe((found, name) => onChange({ kind, namespace: found, name }));
      signal.addEventListener('abort', leave, { once: true });
    },

    async apply(entries) {
      const before = await Promise.all(entries.map(versionOf));
      for (const entry of entries) await write(entry, true);
      const outcomes: ApplyOutcome[] = [];
      for (const [index, entry] of entries.entries()) {
        const { resourceVersion } = readAnswer(
          kubernetesObject,
          await write(entry, false),
          `${entry.key.kind} ${entry.key.name}`,
        ).metadata;
        const old = before[index];
        outcomes.push(old === undefined ? 'created' : old === resourceVersion ? 'unchanged' : 'configured');
      }
      return outcomes;
    },

    async setState(namespace, name, state) {
      return toResource(
        'Recording',
        await merge(resourcePath('Recording', namespace, name), { spec: { state } }),
      );
    },

    async annotate({ kind, namespace, name }, annotations) {
      try {
        await merge(resourcePath(kind, namespace, name), { metadata: { annotations } });
      } catch (error) {
        if (TapedeckError.from(error).code !== 'NotFound') throw error;
      }
    },

    async requestDeletion({ kind, namespace, name }) {
      await calls.call({ method: 'DELETE', path: resourcePath(kind, namespace, name) });
    },
  };
}

/** What is refused once is refused again: no back-off helps. */
const refusedForGood: readonly number[] = [401, 403, 404];

function tellingRefusals(api: KubeApi, tell: (error: ApiError) => void): KubeApi {
  const heard = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      if (error instanceof ApiError && refusedForGood.includes(error.status)) tell(error);
      throw error;
    }
  };
  return {
    ...api,
    list: (path, onItem, signal) => heard(api.list(path, onItem, signal)),
    watch: (path, onEvent, signal) => heard(api.watch(path, onEvent, signal)),
  };
}

function toResource<K extends Kind>(kind: K, object: unknown): ResourceByKind[K] {
  const parsed = readAnswer(kubernetesObject, object, `an object of kind ${kind}`);
  const read = readResource(kind, parsed);
  if (read !== undefined) return read.resource;
  const problem = unreadablePart(kind, parsed);
  throw new TapedeckError(
    'NotSupported',
    `${kind} ${parsed.metadata.name} (${problem}) is not as this version of the command knows it: use the one of the version that is installed there`,
  );
}
