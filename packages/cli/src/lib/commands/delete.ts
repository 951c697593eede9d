import type { ResourceKey } from '@tapedeck/control';
import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes, cliExitOf } from '../cli-exit.ts';
import { parseTarget, resourceName } from '../kind-name.ts';
import type { LocalData } from '../local/local-data.ts';
import { removeResource } from '../local/removal.ts';
import { waitUntilGone } from '../local/resource-wait.ts';
import type { Terminal } from '../terminal.ts';
import { readLocalManifest } from './apply.ts';

/** Most are gone before anybody wonders. */
const noticeMs = 3_000;

export interface DeleteOptions {
  readonly filename?: readonly string[];
  readonly namespace?: string;
  readonly all?: boolean;
  readonly ignoreNotFound?: boolean;
  /** False: does not wait until control has let go. */
  readonly wait?: boolean;
}

/**
 * Deletes resources by name, all of a kind, or those of files; ends when they are gone. One that is not there, or cannot
 * go, does not keep the others from going.
 */
export async function remove(
  data: LocalData,
  terminal: Terminal,
  word: string | undefined,
  wanted: readonly string[],
  options: DeleteOptions,
  signal: AbortSignal,
): Promise<CliExitCode> {
  const failures: CliExitCode[] = [];
  for (const key of await targets(data, terminal, word, wanted, options)) {
    const name = resourceName(key.kind, key.name);
    try {
      const outcome = await removeResource(data, key);
      if (outcome === 'Deleting' && options.wait !== false) {
        const waiting = `${name}: waiting until it can go; Ctrl-C leaves it to go later`;
        const notice = setTimeout(() => terminal.say(waiting), noticeMs);
        await waitUntilGone(data.store, key, signal).finally(() => clearTimeout(notice));
        if (signal.aborted) return cliExitCodes.Interrupted;
      }
      if (outcome === 'Waiting') {
        terminal.say(
          `${name} cannot go yet: it is ended and deleted when "tapedeck dev" or "run" runs next.`,
        );
      }
      const gone = outcome === 'Removed' || (outcome === 'Deleting' && options.wait !== false);
      terminal.print(`${name} ${gone ? 'deleted' : 'is to be deleted'}`);
    } catch (error) {
      const { code, message } = TapedeckError.from(error);
      if (code === 'NotFound' && options.ignoreNotFound === true) continue;
      terminal.say(`${terminal.tones.red('error:')} ${message}`);
      failures.push(cliExitOf(error));
    }
  }
  const [first = cliExitCodes.Done] = failures;
  return failures.every((code) => code === first) ? first : cliExitCodes.Failed;
}

async function targets(
  data: LocalData,
  terminal: Terminal,
  word: string | undefined,
  wanted: readonly string[],
  options: DeleteOptions,
): Promise<readonly ResourceKey[]> {
  const { filename, all, namespace = 'default' } = options;
  if (filename !== undefined) {
    if (word !== undefined)
      throw new TapedeckError('InvalidManifest', 'delete: either -f or a kind, not both');
    const manifest = await readLocalManifest(terminal, { ...options, filename });
    // Recordings first: their storages are needed until they are gone.
    return manifest.resources
      .map(({ key }) => key)
      .sort((a, b) => Number(b.kind === 'Recording') - Number(a.kind === 'Recording'));
  }
  if (word === undefined)
    throw new TapedeckError('InvalidManifest', 'delete: name a kind and a name, or -f FILE');
  const { kind, names } = parseTarget(word, wanted);
  if (names.length > 0) return names.map((name) => ({ kind, namespace, name }));
  if (all !== true)
    throw new TapedeckError('InvalidManifest', `delete ${word}: which one? --all means all of them`);
  return (await data.store.list(kind, namespace)).map(({ metadata }) => ({
    kind,
    namespace,
    name: metadata.name,
  }));
}
