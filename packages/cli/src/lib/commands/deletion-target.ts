import type { ResourceKey } from '@tapedeck/control';
import { TapedeckError } from '@tapedeck/core/error';
import { parseTarget } from '../kind-name.ts';
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
  return (await store.list(kind, namespace)).map(({ metadata }) => ({
    kind,
    namespace,
    name: metadata.name,
  }));
}
