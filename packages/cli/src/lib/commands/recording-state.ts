import type { ResourceKey } from '@tapedeck/control';
import type { Recording } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { nameOfKind, resourceName } from '../kind-name.ts';
import { isControlled } from '../local/control-client.ts';
import { controlSocketPath } from '../local/control-socket.ts';
import type { LocalData } from '../local/local-data.ts';
import { hasRecorder } from '../local/unattended.ts';
import { isOver, phaseOf } from '../progress/progress-line.ts';
import type { Terminal } from '../terminal.ts';

/** What each command sets, and how it is said of a recording. */
export const recordingStates = {
  pause: { state: 'Paused', said: 'paused' },
  resume: { state: 'Recording', said: 'resumed' },
  stop: { state: 'Stopped', said: 'stopped' },
} as const;
export type StateCommand = keyof typeof recordingStates;

/**
 * Tells recordings what to do. Control passes it on within a second; where none runs, this process does that itself
 * and ends when it is done.
 */
export async function setRecordingState(
  data: LocalData,
  terminal: Terminal,
  command: StateCommand,
  names: readonly string[],
  options: { readonly namespace?: string },
): Promise<CliExitCode> {
  const namespace = options.namespace ?? 'default';
  const { state } = recordingStates[command];
  const asked: Recording[] = [];
  for (const word of names) {
    const name = nameOfKind('Recording', word);
    const recording = await data.store.get('Recording', namespace, name);
    if (recording !== undefined && isOver(recording)) {
      terminal.say(overText(recording, command));
      continue;
    }
    asked.push(await data.store.setState(namespace, name, state));
  }
  const controlled = asked.length === 0 || (await isControlled(controlSocketPath(data.directory.root)));
  // With no recorder there is nobody to tell: the wish is kept, and whoever leads next completes what is there.
  const alone = (each: Recording) => hasRecorder(data, each.metadata.uid ?? '');
  const own = controlled ? [] : asked.filter(alone);
  const left = new Set(asked.filter((each) => !own.includes(each)));
  for (const { metadata } of left) {
    terminal.print(`${resourceName('Recording', metadata.name)} asked to ${command}`);
  }
  if (!controlled && left.size > 0) {
    terminal.say(
      'It does not run now, and no control process runs here; "tapedeck dev" takes it from there.',
    );
  }
  if (own.length === 0) return cliExitCodes.Done;
  const { carryOut } = await import('./recording-state-alone.ts');
  return await carryOut(data, terminal, command, own.map(keyOf));
}

/** What is said of one that is over already. Throws `InvalidManifest` where it would have to go on. */
export function overText(recording: Recording, command: StateCommand): string {
  const { name } = recording.metadata;
  const phase = phaseOf(recording);
  if (command === 'stop') return `Recording ${name} is over already (${phase}).`;
  throw new TapedeckError(
    'InvalidManifest',
    `Recording ${name} is over (${phase}); it cannot be ${recordingStates[command].said}`,
  );
}

function keyOf({ metadata }: Recording): ResourceKey {
  return { kind: 'Recording', namespace: metadata.namespace ?? 'default', name: metadata.name };
}
