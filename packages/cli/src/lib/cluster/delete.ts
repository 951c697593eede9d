import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { type DeleteOptions, deletionTargets } from '../commands/deletion-target.ts';
import { resourceName } from '../kind-name.ts';
import { waitUntilGone } from '../local/resource-wait.ts';
import type { Terminal } from '../terminal.ts';
import type { Cluster } from './cluster.ts';

/** Deletes resources by name, all of a kind, or those of files; ends when they are gone. Secrets of a file stay. */
export async function deleteFromCluster(
  { store }: Cluster,
  terminal: Terminal,
  word: string | undefined,
  wanted: readonly string[],
  options: DeleteOptions,
  signal: AbortSignal,
): Promise<CliExitCode> {
  for (const key of await deletionTargets(store, terminal, word, wanted, options)) {
    const name = resourceName(key.kind, key.name);
    try {
      await store.requestDeletion(key);
      if (options.wait !== false) await waitUntilGone(store, key, signal);
      if (signal.aborted) return cliExitCodes.Interrupted;
      terminal.print(`${name} ${options.wait === false ? 'is to be deleted' : 'deleted'}`);
    } catch (error) {
      if (TapedeckError.from(error).code !== 'NotFound' || options.ignoreNotFound !== true) throw error;
    }
  }
  return cliExitCodes.Done;
}
