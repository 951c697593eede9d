import type { CliExitCode } from '../cli-exit.ts';
import { resourceName } from '../kind-name.ts';
import type { LocalData } from '../local/local-data.ts';
import { removeResource } from '../local/removal.ts';
import { waitUntilGone } from '../local/resource-wait.ts';
import type { Terminal } from '../terminal.ts';
import { type DeleteOptions, deleteEach, deletionTargets } from './deletion-target.ts';
import { warnOfStorageUsers } from './storage-users.ts';

/** Most are gone before anybody wonders. */
const noticeMs = 3_000;

/** Deletes resources by name, all of a kind, or those of files; ends when they are gone. */
export async function remove(
  data: LocalData,
  terminal: Terminal,
  word: string | undefined,
  wanted: readonly string[],
  options: DeleteOptions,
  signal: AbortSignal,
): Promise<CliExitCode> {
  const keys = await deletionTargets(data.store, terminal, word, wanted, options);
  await warnOfStorageUsers(data.store, terminal, keys);
  return await deleteEach(keys, terminal, options, signal, async (key) => {
    const name = resourceName(key.kind, key.name);
    const outcome = await removeResource(data, key);
    if (outcome === 'Deleting' && options.wait !== false) {
      const waiting = `${name}: waiting until it can go; Ctrl-C leaves it to go later`;
      const notice = setTimeout(() => terminal.say(waiting), noticeMs);
      await waitUntilGone(data.store, key, signal).finally(() => clearTimeout(notice));
    }
    if (outcome === 'Waiting') {
      terminal.say(`${name} cannot go yet: it is ended and deleted when "tapedeck dev" or "run" runs next.`);
    }
    return outcome === 'Removed' || (outcome === 'Deleting' && options.wait !== false);
  });
}
