import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { overText, recordingStates, type StateCommand } from '../commands/recording-state.ts';
import { nameOfKind, resourceName } from '../kind-name.ts';
import { isOver } from '../progress/progress-line.ts';
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
  const { state } = recordingStates[command];
  for (const word of names) {
    const name = nameOfKind('Recording', word);
    const recording = await store.get('Recording', namespace, name);
    if (recording === undefined) {
      throw new TapedeckError('NotFound', `there is no Recording ${name} in namespace ${namespace}`);
    }
    if (!isOver(recording)) {
      await store.setState(namespace, name, state);
      terminal.print(`${resourceName('Recording', name)} asked to ${command}`);
      continue;
    }
    terminal.say(overText(recording, command));
  }
  return cliExitCodes.Done;
}
