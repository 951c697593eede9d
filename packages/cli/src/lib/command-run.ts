import type { CliExitCode } from './cli-exit.ts';
import type { Cluster } from './cluster/cluster.ts';
import { chooseCluster } from './cluster/cluster-choice.ts';
import type { CommonOptions } from './command-options.ts';
import type { LocalData } from './local/local-data.ts';
import type { ResourcePlace } from './resource-place.ts';
import { createTerminal, type Terminal } from './terminal.ts';

/** What a command's action works with. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** The one that was asked for; undefined in local mode. */
  readonly cluster: Cluster | undefined;
  /** Opens local mode's state at its first call. */
  data(): LocalData;
  /** The cluster, or local mode's state. */
  place(): Promise<ResourcePlace>;
  /** Aborted by Ctrl-C; whoever reads it ends the command then. */
  readonly signal: AbortSignal;
}

export type RunAction = (
  options: Record<string, unknown>,
  work: (context: CommandContext, options: Record<string, unknown>) => Promise<CliExitCode>,
) => Promise<CliExitCode>;

/** Runs an action in local mode, or with the cluster that its options name, and lets go of everything it opened. */
export const runCommand: RunAction = async (all, work) => {
  const {
    data: root,
    color,
    context,
    kubeconfig,
    ...options
  } = all as CommonOptions & Record<string, unknown>;
  const terminal = createTerminal({ color: color !== false });
  const cluster = await findCluster({ context, kubeconfig }, terminal);
  const { openLocalData } = await import('./local/local-data.ts');
  let opened: LocalData | undefined;
  const data = () => {
    opened ??= openLocalData(root);
    return opened;
  };
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  try {
    return await work(
      {
        terminal,
        cluster,
        data,
        place: async () => cluster ?? (await import('./local/local-place.ts')).localPlace(data()),
        // Only for a command that looks at it: the others end on Ctrl-C as any program does.
        get signal() {
          process.off('SIGINT', onInterrupt).once('SIGINT', onInterrupt);
          return interrupt.signal;
        },
      },
      cluster === undefined ? options : { namespace: cluster.namespace, ...options },
    );
  } finally {
    process.off('SIGINT', onInterrupt);
    opened?.close();
  }
};

/** The client of Kubernetes is loaded where one is asked for, and nowhere else. */
async function findCluster(
  options: Parameters<typeof chooseCluster>[0],
  terminal: Terminal,
): Promise<Cluster | undefined> {
  const choice = chooseCluster(options);
  if (choice === undefined) return undefined;
  const { openCluster } = await import('./cluster/cluster.ts');
  return openCluster(choice, (message) => terminal.say(`The cluster's watch broke off: ${message}`));
}
