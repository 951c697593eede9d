import type { KubeconfigChoice } from '@tapedeck/kube-api';

/**
 * The cluster that a command is to work with; undefined for local mode, which is what nobody asks for. `TAPEDECK_CONTEXT`
 * stands in for `--context`.
 */
export function chooseCluster(
  options: { readonly context?: string | undefined; readonly kubeconfig?: string | undefined },
  env: Readonly<Record<string, string | undefined>> = process.env,
): KubeconfigChoice | undefined {
  const preset = env.TAPEDECK_CONTEXT === '' ? undefined : env.TAPEDECK_CONTEXT;
  const context = options.context ?? preset;
  const file = options.kubeconfig;
  return context === undefined && file === undefined ? undefined : { context, file };
}
