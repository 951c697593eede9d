import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { resourceName } from '../kind-name.ts';
import { isControlled } from '../local/control-client.ts';
import { controlSocketPath } from '../local/control-socket.ts';
import type { LocalData } from '../local/local-data.ts';
import type { Terminal } from '../terminal.ts';

const states = { pause: 'Paused', resume: 'Recording', stop: 'Stopped' } as const;
const said = { pause: 'paused', resume: 'resumed', stop: 'stopped' } as const;
export type StateCommand = keyof typeof states;

/** Tells recordings what to do; control passes it on within a second. */
export async function setRecordingState(
  data: LocalData,
  terminal: Terminal,
  command: StateCommand,
  names: readonly string[],
  options: { readonly namespace?: string },
): Promise<CliExitCode> {
  const namespace = options.namespace ?? 'default';
  for (const word of names) {
    const name = word.replace(/^rec(ordings?)?\//, '');
    const { status } = (await data.store.get('Recording', namespace, name)) ?? {};
    if (status?.phase === 'Uploaded' || status?.phase === 'Failed') {
      if (command !== 'stop') {
        throw new TapedeckError(
          'InvalidManifest',
          `Recording ${name} is over (${status.phase}); it cannot be ${said[command]}`,
        );
      }
      terminal.say(`Recording ${name} is over already (${status.phase}).`);
      continue;
    }
    await data.store.setState(namespace, name, states[command]);
    terminal.print(`${resourceName('Recording', name)} ${said[command]}`);
  }
  if (!(await isControlled(controlSocketPath(data.directory.root)))) {
    terminal.say('No control process runs here now; "tapedeck dev" passes it on.');
  }
  return cliExitCodes.Done;
}
