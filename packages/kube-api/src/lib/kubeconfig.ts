import { KubeConfig } from '@kubernetes/client-node';
import { ApiError } from './api-error.ts';

/** Which cluster is meant, where there may be several. */
export interface KubeconfigChoice {
  /** Path of a kubeconfig; absent: what kubectl would take (`KUBECONFIG`, `~/.kube/config`, the pod's ServiceAccount). */
  readonly file?: string | undefined;
  /** One of its contexts; absent: the current one. */
  readonly context?: string | undefined;
}

/** What a context of a kubeconfig says beside the address. */
export interface KubeContext {
  /** Empty inside of a pod. */
  readonly name: string;
  /** Where names are looked for that come without a namespace. */
  readonly namespace: string;
}

/** Throws `ApiError` (NoCluster) where the file or the text cannot be read, or has no such context. */
export function loadKubeconfig(choice: string | KubeconfigChoice): KubeConfig {
  const config = new KubeConfig();
  const { file, context } = typeof choice === 'string' ? {} : choice;
  try {
    if (typeof choice === 'string') config.loadFromString(choice);
    else if (file === undefined) config.loadFromDefault();
    else config.loadFromFile(file);
  } catch (cause) {
    // After its first line the parser of YAML shows the lines around the mistake, with the tokens in them.
    const [message] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    const why = message?.includes('input is empty')
      ? 'is empty: write it anew, with the command of whoever runs the cluster'
      : `cannot be read: ${message}`;
    throw new ApiError(0, 'NoCluster', `${file ?? 'the kubeconfig'} ${why}`);
  }
  if (context !== undefined) {
    // What the library makes up where it finds no kubeconfig.
    const isReal = (name: string) => name !== 'loaded-context';
    const known = config
      .getContexts()
      .map(({ name }) => name)
      .filter(isReal);
    if (!known.includes(context)) {
      throw new ApiError(
        0,
        'NoCluster',
        `the kubeconfig has no context ${context}; known: ${known.join(', ') || 'none'}`,
      );
    }
    config.setCurrentContext(context);
  }
  return config;
}

/** The context that is meant; throws as `loadKubeconfig`. */
export function findKubeContext(choice: KubeconfigChoice): KubeContext {
  const config = loadKubeconfig(choice);
  const name = config.getCurrentContext();
  return { name, namespace: config.getContextObject(name)?.namespace ?? 'default' };
}
