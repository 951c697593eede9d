import { TapedeckError } from '@tapedeck/core';
import { ApiError, type KubeApi } from '@tapedeck/kube-api';

const manager = 'tapedeck-network';
/** What somebody took away comes back with the next run after so long. */
const renewMs = 10 * 60_000;

interface Policy {
  readonly metadata: { readonly name: string; readonly namespace: string };
}

/**
 * Sees to it that a namespace has its policies before anything runs there. Nothing is launched where they are refused:
 * rejects with a sentence that says what is missing.
 */
export function createNetworkGuard(options: {
  readonly api: KubeApi;
  readonly policies: (namespace: string) => readonly Policy[];
}): (namespace: string) => Promise<void> {
  const { api, policies } = options;
  const guarded = new Map<string, { readonly since: number; readonly done: Promise<void> }>();

  async function write(namespace: string): Promise<void> {
    for (const policy of policies(namespace)) {
      const { name } = policy.metadata;
      const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/${name}`;
      try {
        await api.apply(path, manager, policy);
      } catch (error) {
        throw refusal(error, namespace, name);
      }
    }
  }

  return async (namespace) => {
    const known = guarded.get(namespace);
    if (known !== undefined && performance.now() - known.since < renewMs) return await known.done;
    const done = write(namespace);
    guarded.set(namespace, { since: performance.now(), done });
    try {
      await done;
    } catch (error) {
      guarded.delete(namespace);
      throw error;
    }
  };
}

function refusal(cause: unknown, namespace: string, name: string): TapedeckError {
  if (!(cause instanceof ApiError)) return TapedeckError.from(cause);
  if (cause.status === 403 && /being terminated/.test(cause.message)) {
    return new TapedeckError('Aborted', `namespace ${namespace} is being deleted`, { cause });
  }
  return new TapedeckError(
    'Unknown',
    `NetworkPolicy ${name} cannot be put into namespace ${namespace}: ${cause.message}. Nothing runs there without it; the chart's networkPolicy.recorder.enabled=false leaves networks to you`,
    { cause },
  );
}
