import type { ExternalStorage, Recording, RecordingCopy } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes, cliExitOfReason } from '../cli-exit.ts';

/** What a person has to change takes no longer to be found out than this, in seconds; it was tried several times by then. */
export const stalledLimit = 20;
/** A storage that is away may come back. */
export const awayLimit = 300;

/** Nothing of that name is there, and nobody here brings it. */
const missing = ['StorageNotFound', 'NoStorage', 'ProfileNotFound', 'NotFound'];

/** What waits for others before it begins. */
export type Starting = Recording | RecordingCopy;

/** How long it may wait, and what its command ends with when that was not enough. */
export interface StartLimit {
  readonly seconds: number;
  readonly exit: CliExitCode;
}

/**
 * For what it needs to begin; undefined where it does not wait for anything. A copy waits for its recording as long as that
 * goes on.
 */
export function startLimit(starting: Starting, storages: readonly ExternalStorage[]): StartLimit | undefined {
  const ready = starting.status?.conditions?.find(({ type }) => type === 'Ready');
  if ((starting.status?.phase ?? 'Pending') !== 'Pending' || ready?.status !== 'False') return undefined;
  if (missing.includes(ready.reason)) return { seconds: stalledLimit, exit: cliExitCodes.NotFound };
  if (ready.reason !== 'StorageNotReady') return undefined;
  const names = storageNames(starting);
  const wanted = storages.filter(({ metadata }) => names?.includes(metadata.name) ?? true);
  if (!wanted.every(isStalled)) return { seconds: awayLimit, exit: cliExitCodes.TimedOut };
  return { seconds: stalledLimit, exit: refusalExit(wanted) };
}

/** Undefined where it takes whichever there is. */
function storageNames(starting: Starting): readonly string[] | undefined {
  if (starting.kind === 'RecordingCopy') return [starting.spec.storage.name];
  return starting.spec.storage?.refs.map(({ name }) => name);
}

/** That of all of them; they may refuse for different reasons. */
function refusalExit(storages: readonly ExternalStorage[]): CliExitCode {
  const [exit = cliExitCodes.TimedOut, ...others] = new Set(storages.map(refusalExitOf));
  return others.length === 0 ? exit : cliExitCodes.Failed;
}

function refusalExitOf({ spec, status }: ExternalStorage): CliExitCode {
  const stalled = status?.conditions?.find(({ type }) => type === 'Stalled');
  if (spec.suspend === true || stalled?.status !== 'True') return cliExitCodes.TimedOut;
  return cliExitOfReason(stalled.reason) ?? cliExitCodes.Failed;
}

/** It is refused, or suspended: the same happens again until somebody acts. */
function isStalled({ spec, status }: ExternalStorage): boolean {
  const stalled = status?.conditions?.find(({ type }) => type === 'Stalled');
  return spec.suspend === true || stalled?.status === 'True';
}

/** Seconds of what `--wait` says; undefined where it says nothing. Rejects with `InvalidManifest`. */
export async function parseStartLimit(text: string | undefined): Promise<number | undefined> {
  if (text === undefined) return undefined;
  const { durationPattern, parseDuration } = await import('@tapedeck/core');
  if (durationPattern.test(text)) return parseDuration(text);
  throw new TapedeckError('InvalidManifest', `--wait ${text}: must be a duration like 30s or 1h30m`);
}
