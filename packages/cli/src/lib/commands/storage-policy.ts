import {
  type ExternalStorage,
  nearestName,
  type PolicyIdentity,
  policyIdentities,
  policyIdentity,
  storagePolicy as policyOf,
  type StoragePolicy,
  type StorageRight,
  storageRights,
  TapedeckError,
} from '@tapedeck/core';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { nameOfKind } from '../kind-name.ts';
import { renderDocument } from '../output/document.ts';
import type { ResourceClient } from '../resource-client.ts';
import type { ResourcePlace } from '../resource-place.ts';
import type { Terminal } from '../terminal.ts';
import { readLocalManifest } from './apply.ts';

export interface StoragePolicyOptions {
  readonly filename?: readonly string[];
  readonly namespace?: string;
  readonly output?: string;
  /** As typed: `read,list`. */
  readonly with?: string;
  readonly identity?: string;
}

interface Target {
  readonly namespace: string;
  readonly name: string;
  readonly spec: ExternalStorage['spec'];
}

/** Prints the least rights with which recordings can go to storages, to paste: text for a shell, or the bare document. */
export async function storagePolicy(
  place: () => Promise<ResourcePlace>,
  terminal: Terminal,
  names: readonly string[],
  options: StoragePolicyOptions,
): Promise<CliExitCode> {
  const format = parseFormat(options.output ?? 'text');
  const rights = parseRights(options.with);
  const identity = options.identity === undefined ? undefined : parseIdentity(options.identity);
  if ((options.filename === undefined) === (names.length === 0)) {
    throw new TapedeckError('InvalidManifest', 'storage policy: name a storage, or -f FILE');
  }
  const targets =
    options.filename === undefined
      ? await storedTargets((await place()).store, names, options.namespace ?? 'default')
      : await fileTargets(terminal, { ...options, filename: options.filename });
  for (const [index, { spec, ...target }] of targets.entries()) {
    const policy = policyOf({ ...target, spec, rights, identity: identity ?? policyIdentity(spec) });
    if (index > 0 && format === 'text') terminal.print('');
    terminal.print(format === 'text' ? policy.text : await renderJson(target.name, spec.provider, policy));
    for (const note of policy.notes) terminal.say(note);
  }
  return cliExitCodes.Done;
}

async function renderJson(name: string, provider: string, { document }: StoragePolicy): Promise<string> {
  if (document !== undefined) return await renderDocument('json', document);
  throw new TapedeckError(
    'NotSupported',
    `-o json: ${provider} takes no document as a policy; "tapedeck storage policy ${name}" prints what to do there`,
  );
}

async function storedTargets(
  store: Pick<ResourceClient, 'get'>,
  names: readonly string[],
  namespace: string,
): Promise<readonly Target[]> {
  return await Promise.all(
    names.map(async (word) => {
      const name = nameOfKind('ExternalStorage', word);
      const storage = await store.get('ExternalStorage', namespace, name);
      if (storage !== undefined) return { namespace, name, spec: storage.spec };
      throw new TapedeckError(
        'NotFound',
        `there is no ExternalStorage ${name} in namespace ${namespace}; "tapedeck storage policy -f FILE" takes it from a file`,
      );
    }),
  );
}

async function fileTargets(
  terminal: Terminal,
  options: StoragePolicyOptions & { readonly filename: readonly string[] },
): Promise<readonly Target[]> {
  const { resources } = await readLocalManifest(terminal, options);
  const targets = resources
    .filter(({ key }) => key.kind === 'ExternalStorage')
    .map(({ key, manifest }) => ({ ...key, spec: manifest.spec as ExternalStorage['spec'] }));
  if (targets.length > 0) return targets;
  throw new TapedeckError('InvalidManifest', 'there is no ExternalStorage in it to print a policy for');
}

function parseFormat(word: string): 'text' | 'json' {
  if (word === 'text' || word === 'json') return word;
  throw new TapedeckError('InvalidManifest', `-o ${word.slice(0, 32)}: must be one of text, json`);
}

function parseRights(words: string | undefined): readonly StorageRight[] {
  const asked = (words ?? '').split(',').filter((word) => word.trim() !== '');
  return asked.map((word) => oneOf('--with', word.trim(), storageRights));
}

function parseIdentity(word: string): PolicyIdentity {
  return oneOf('--identity', word, policyIdentities);
}

function oneOf<T extends string>(option: string, word: string, known: readonly T[]): T {
  const found = known.find((each) => each === word);
  if (found !== undefined) return found;
  const near = nearestName(word, known);
  const advice = near === undefined ? `known: ${known.join(', ')}` : `did you mean ${near}?`;
  throw new TapedeckError('InvalidManifest', `${option} ${word.slice(0, 32)}: ${advice}`);
}
