import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { recordingStates, type StateCommand } from '../commands/recording-state.ts';
import { resourceName } from '../kind-name.ts';
import { isOver, phaseOf } from '../progress/progress-line.ts';
import type { Terminal } from '../terminal.ts';
import type { Cluster } from './cluster.ts';

/** Tells recordings what to do: a field of theirs, which the operator passes on within a second. */
export async function setStateOnCluster(
  { store }: Cluster,
  terminal: Terminal,
  command: StateCommand,
  names: readonly string[],
  { namespace = 'default' }: { readonly namespace?: string },
): Promise<CliExitCode> {
  const { state, said } = recordingStates[command];
  for (const word of names) {
    const name = word.replace(/^rec(ordings?)?\//, '');
    const recording = await store.get('Recording', namespace, name);
    if (recording === undefined) {
      throw new TapedeckError('NotFound', `there is no Recording ${name} in namespace ${namespace}`);
    }
    if (!isOver(recording)) {
      await store.setState(namespace, name, state);
      terminal.print(`${resourceName('Recording', name)} asked to ${command}`);
      continue;
    }
    const phase = phaseOf(recording);
    if (command !== 'stop') {
      throw new TapedeckError(
        'InvalidManifest',
        `Recording ${name} is over (${phase}); it cannot be ${said}`,
      );
    }
    terminal.say(`Recording ${name} is over already (${phase}).`);
  }
  return cliExitCodes.Done;
}
