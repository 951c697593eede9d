import type { CliExitCode } from '../cli-exit.ts';
import { type DeleteOptions, deleteEach, deletionTargets } from '../commands/deletion-target.ts';
import { warnOfStorageUsers } from '../commands/storage-users.ts';
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
  const keys = await deletionTargets(store, terminal, word, wanted, options);
  await warnOfStorageUsers(store, terminal, keys);
  return await deleteEach(keys, terminal, options, signal, async (key) => {
    await store.requestDeletion(key);
    if (options.wait === false) return false;
    await waitUntilGone(store, key, signal);
    return true;
  });
}
