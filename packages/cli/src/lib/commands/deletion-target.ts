import type { ResourceKey } from '@tapedeck/control';
import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes, cliExitOf } from '../cli-exit.ts';
import { parseTarget, resourceName } from '../kind-name.ts';
import type { ResourceClient } from '../resource-client.ts';
import type { Terminal } from '../terminal.ts';
import { readLocalManifest } from './apply.ts';

export interface DeleteOptions {
  readonly filename?: readonly string[];
  readonly namespace?: string;
  readonly all?: boolean;
  readonly ignoreNotFound?: boolean;
  /** False: does not wait until control has let go. */
  readonly wait?: boolean;
}

/** What a `delete` means, in the order in which it is to go. */
export async function deletionTargets(
  store: Pick<ResourceClient, 'list'>,
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
    // A storage stays for as long as a copy or a recording needs it: waiting for it first would be waiting for their ends.
    const keys = manifest.resources.map(({ key }) => key);
    return keys.sort((a, b) => Number(usesStorages(b)) - Number(usesStorages(a)));
  }
  if (word === undefined)
    throw new TapedeckError('InvalidManifest', 'delete: name a kind and a name, or -f FILE');
  const { kind, names } = parseTarget(word, wanted);
  if (names.length > 0) return names.map((name) => ({ kind, namespace, name }));
  if (all !== true)
    throw new TapedeckError('InvalidManifest', `delete ${word}: which one? --all means all of them`);
  return (await store.list(kind, namespace)).map(({ metadata }) => ({
    kind,
    namespace,
    name: metadata.name,
  }));
}

function usesStorages({ kind }: ResourceKey): boolean {
  return kind === 'Recording' || kind === 'RecordingCopy';
}

/**
 * Deletes one after the other, and says what became of each. One that is not there, or cannot go, does not keep the others
 * from going.
 */
export async function deleteEach(
  keys: readonly ResourceKey[],
  terminal: Terminal,
  { ignoreNotFound }: DeleteOptions,
  signal: AbortSignal,
  /** Resolves with whether it is gone. */
  remove: (key: ResourceKey) => Promise<boolean>,
): Promise<CliExitCode> {
  const failures: CliExitCode[] = [];
  for (const key of keys) {
    try {
      const gone = await remove(key);
      if (signal.aborted) return cliExitCodes.Interrupted;
      terminal.print(`${resourceName(key.kind, key.name)} ${gone ? 'deleted' : 'is to be deleted'}`);
    } catch (error) {
      const { code, message } = TapedeckError.from(error);
      if (code === 'NotFound' && ignoreNotFound === true) continue;
      terminal.say(`${terminal.tones.red('error:')} ${message}`);
      failures.push(cliExitOf(error));
    }
  }
  const [first = cliExitCodes.Done] = failures;
  return failures.every((code) => code === first) ? first : cliExitCodes.Failed;
}
