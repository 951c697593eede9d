import {
  type Condition,
  type ExternalStorage,
  findCondition,
  type RecordingAttempt,
  type RunFile,
  type RunResult,
} from '@tapedeck/core';
import type { Situation } from './recording-situation.ts';

/** Storages whose return may bring on what is left: those that lack something, and those it could go to instead. */
export function storagesToDeliver(files: readonly RunFile[], others: readonly string[]): readonly string[] {
  const lacking = files.filter(({ state }) => state === 'Open').map(({ storage }) => storage);
  return [...new Set([...lacking, ...others])];
}

/** Whether one of the storages has become ready since: then what it refused is worth another try. */
export function hasReturned(
  storages: readonly ExternalStorage[],
  names: readonly string[],
  since: string,
): boolean {
  const isNew = (ready: Condition | undefined) =>
    ready?.status === 'True' && Date.parse(ready.lastTransitionTime) > Date.parse(since);
  return storages.some(
    ({ metadata, status }) =>
      names.includes(metadata.name) && isNew(findCondition(status?.conditions, 'Ready')),
  );
}

/**
 * Storages whose last check is older than their refusal. Checked anew they stop being ready, and their becoming ready
 * again is the sign that is waited for.
 */
export function storagesToCheck(
  storages: readonly ExternalStorage[],
  names: readonly string[],
  since: string,
): readonly string[] {
  return storages
    .filter(({ metadata, spec, status }) => {
      const checked = status?.lastCheck?.time;
      return (
        names.includes(metadata.name) &&
        spec.suspend !== true &&
        (checked === undefined || Date.parse(checked) < Date.parse(since))
      );
    })
    .map(({ metadata }) => metadata.name);
}

/**
 * Of what is told about waiting files: each storage may say its own, and all of them may say what failed. The first few
 * hundred characters tell what it is; what to do, and until when, follows them and must not be cut off.
 */
const MOST_LACKING = 400;
const MOST_WHY = 400;

/** What waits for its storage, where, since when, and what to do. */
export function waitingForStorage(about: {
  readonly files: readonly RunFile[];
  readonly last: RecordingAttempt | undefined;
  readonly result: RunResult | undefined;
  readonly scratch: string | undefined;
  readonly stopTime: string;
  readonly nextTime: string;
  readonly endTime: string;
}): Situation {
  const { files, last, result, stopTime, nextTime, endTime } = about;
  const told = result?.message ?? last?.message ?? 'no reason is known';
  const why = beginning(told, MOST_WHY).replace(/\.$/, '');
  const lacks = [...Map.groupBy(openFiles(files), ({ storage }) => storage)].map(([storage, open]) => {
    const bytes = open.reduce((sum, file) => sum + undelivered(file), 0);
    return `${storage} lacks ${bytes} bytes of ${open.map(({ key }) => key).join(', ')}`;
  });
  const where = about.scratch ?? 'the scratch directory of its runs';
  return {
    kind: 'Uploading',
    reason: result?.code ?? 'Undelivered',
    stalled: true,
    message:
      `Since ${stopTime}, ${beginning(lacks.join('; '), MOST_LACKING)}: ${why}. What is missing is kept in ${where}. ` +
      'Put right what the storage says and apply its Secret or the ExternalStorage again: it is delivered as soon as ' +
      `the storage is ready. Without that it is tried again at ${nextTime}, and given up at ${endTime}.`,
  };
}

function beginning(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function openFiles(files: readonly RunFile[]): readonly RunFile[] {
  return files.filter(({ state }) => state === 'Open');
}

/** As the journal has it; parts on their way may have arrived. */
function undelivered({ bytes, journal }: RunFile): number {
  const held = (journal?.parts ?? []).reduce((sum, { size }) => sum + size, 0);
  return Math.max(0, bytes - held);
}
