import type { Command } from 'commander';
import { defaultDataRoot } from './local/data-directory.ts';

/** What every command takes, before or after its name. */
export interface CommonOptions {
  readonly data?: string;
  readonly color?: boolean;
  readonly context?: string;
  readonly kubeconfig?: string;
}

export function addCommonOptions(command: Command): Command {
  return command
    .option('--data <dir>', `where local mode keeps its state (default: ${defaultDataRoot()})`)
    .option('--no-color', 'no colours')
    .option('--context <name>', 'a cluster instead of local mode')
    .option('--kubeconfig <file>', 'a cluster instead of local mode');
}

export function addNamespaceOption(command: Command): Command {
  return command.option('-n, --namespace <name>', 'namespace');
}
