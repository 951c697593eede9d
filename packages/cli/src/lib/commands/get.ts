import type { Kind, ResourceByKind, ResourceKey } from '@tapedeck/control';
import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { kindNames, parseTarget, resourceName } from '../kind-name.ts';
import { listDocument, type OutputFormat, parseOutputFormat, renderDocument } from '../output/document.ts';
import { createResourceTable } from '../output/resource-table.ts';
import type { ResourcePlace } from '../resource-place.ts';
import type { Terminal } from '../terminal.ts';

export interface GetOptions {
  readonly output?: string;
  readonly watch?: boolean;
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
}

type AnyResource = ResourceByKind[Kind];

/** Prints resources of a kind, all or by name; with `watch` goes on with each change until the signal. */
export async function get(
  place: ResourcePlace,
  terminal: Terminal,
  word: string,
  wanted: readonly string[],
  options: GetOptions,
  signal: () => AbortSignal,
): Promise<CliExitCode> {
  const { kind, names } = parseTarget(word, wanted);
  const format = options.output === undefined ? undefined : parseOutputFormat(options.output);
  const namespace = options.allNamespaces === true ? undefined : (options.namespace ?? 'default');
  const resources = await select(place, kind, namespace, names);
  const printer = createPrinter(terminal, kind, format, options);
  await printer.first(resources, names.length === 1);
  // A table is read by people; a program finds the times in the status, and may read both streams as one.
  if (format === undefined || format === 'wide') await warnOfUnattended(place, terminal, resources);
  if (options.watch === true) {
    const matches = (key: ResourceKey) =>
      key.kind === kind &&
      (namespace === undefined || key.namespace === namespace) &&
      (names.length === 0 || names.includes(key.name));
    await watch(place, { kind, namespace }, resources, matches, printer.next, signal());
    return cliExitCodes.Interrupted;
  }
  return cliExitCodes.Done;
}

async function select(
  { store }: ResourcePlace,
  kind: Kind,
  namespace: string | undefined,
  names: readonly string[],
): Promise<readonly AnyResource[]> {
  if (names.length === 0) return await store.list(kind, namespace);
  const found: AnyResource[] = [];
  for (const name of names) {
    const resource = await store.get(kind, namespace ?? 'default', name);
    if (resource === undefined) {
      throw new TapedeckError(
        'NotFound',
        `there is no ${kind} ${name} in namespace ${namespace ?? 'default'}`,
      );
    }
    found.push(resource);
  }
  return found;
}

/** Figures that nobody renews look live. */
async function warnOfUnattended(
  place: ResourcePlace,
  terminal: Terminal,
  resources: readonly AnyResource[],
): Promise<void> {
  const recordings = resources.filter((each) => each.kind === 'Recording');
  const unattended = await place.unattended(recordings);
  for (const { metadata } of recordings) {
    const text = unattended.get(metadata.uid ?? '');
    if (text !== undefined) terminal.say(`${metadata.name}: ${text}`);
  }
}

interface Printer {
  first(resources: readonly AnyResource[], single: boolean): Promise<void>;
  next(resource: AnyResource): Promise<void>;
}

function createPrinter(
  terminal: Terminal,
  kind: Kind,
  format: OutputFormat | undefined,
  options: GetOptions,
): Printer {
  if (format === 'json' || format === 'yaml') {
    const separator = format === 'yaml' ? '---\n' : '';
    return {
      async first(resources, single) {
        if (options.watch === true) for (const each of resources) await this.next(each);
        else terminal.print(await renderDocument(format, single ? resources[0] : listDocument(resources)));
      },
      next: async (resource) => terminal.print(separator + (await renderDocument(format, resource))),
    };
  }
  if (format === 'name') {
    const next = async ({ metadata }: AnyResource) => terminal.print(resourceName(kind, metadata.name));
    return {
      async first(resources) {
        for (const each of resources) await next(each);
      },
      next,
    };
  }
  const table = createResourceTable(kind, {
    wide: format === 'wide',
    allNamespaces: options.allNamespaces === true,
  });
  return {
    async first(resources) {
      if (resources.length === 0 && options.watch !== true)
        terminal.say(`There is no ${kindNames[kind][0]}.`);
      else terminal.print(table.render(resources));
    },
    next: async (resource) => terminal.print(table.row(resource)),
  };
}

/** One at a time, in order, each as it is when its turn comes; what a row says already is not said again. */
async function watch(
  { store }: ResourcePlace,
  within: { readonly kind: Kind; readonly namespace: string | undefined },
  shown: readonly AnyResource[],
  matches: (key: ResourceKey) => boolean,
  print: (resource: AnyResource) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const seen = new Map(shown.map(({ metadata }) => [metadata.uid, metadata.resourceVersion]));
  const changed = new Map<string, ResourceKey>();
  let wake: () => void = () => undefined;
  const refused: unknown[] = [];
  const over = new AbortController();
  store.watch(
    (key) => {
      if (!matches(key)) return;
      changed.set(`${key.namespace}/${key.name}`, key);
      wake();
    },
    AbortSignal.any([signal, over.signal]),
    {
      ...within,
      onRefused(error) {
        refused.push(error);
        wake();
      },
    },
  );
  try {
    signal.addEventListener('abort', () => wake(), { once: true });
    while (!signal.aborted) {
      if (refused.length > 0) throw refused[0];
      const [next] = changed;
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      changed.delete(next[0]);
      const { kind, namespace, name } = next[1];
      const resource = await store.get(kind, namespace, name);
      if (resource === undefined || seen.get(resource.metadata.uid) === resource.metadata.resourceVersion)
        continue;
      seen.set(resource.metadata.uid, resource.metadata.resourceVersion);
      await print(resource);
    }
  } finally {
    over.abort();
  }
}
