import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { parseTarget } from '../kind-name.ts';
import { describeResource } from '../output/resource-description.ts';
import type { ResourcePlace } from '../resource-place.ts';
import type { Terminal } from '../terminal.ts';

/** Prints all that is known, for people; without a name, of each there is. */
export async function describe(
  place: ResourcePlace,
  terminal: Terminal,
  word: string,
  wanted: readonly string[],
  options: { readonly namespace?: string },
): Promise<CliExitCode> {
  const { kind, names } = parseTarget(word, wanted);
  const namespace = options.namespace ?? 'default';
  const all = await place.store.list(kind, namespace);
  const missing = names.find((name) => !all.some(({ metadata }) => metadata.name === name));
  if (missing !== undefined) {
    throw new TapedeckError('NotFound', `there is no ${kind} ${missing} in namespace ${namespace}`);
  }
  const chosen = names.length === 0 ? all : all.filter(({ metadata }) => names.includes(metadata.name));
  const now = new Date();
  const unattended = await place.unattended(chosen.filter((each) => each.kind === 'Recording'));
  const texts: string[] = [];
  for (const resource of chosen) {
    texts.push(
      await describeResource(resource, {
        events: await place.listEvents(resource),
        now,
        unattended: unattended.get(resource.metadata.uid ?? ''),
      }),
    );
  }
  terminal.print(texts.join('\n\n\n'));
  return cliExitCodes.Done;
}
