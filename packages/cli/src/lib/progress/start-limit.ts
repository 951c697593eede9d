import type { ExternalStorage, Recording } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';
import { phaseOf } from './progress-line.ts';

/** What a person has to change takes no longer to be found out than this, in seconds; it was tried several times by then. */
export const stalledLimit = 20;
/** A storage that is away may come back. */
export const awayLimit = 300;

/** Nothing of that name is there, and nobody here brings it. */
const missing = ['StorageNotFound', 'NoStorage', 'ProfileNotFound'];

/** Seconds that a recording may wait for what it needs to begin; undefined where it does not wait for anything. */
export function startLimit(recording: Recording, storages: readonly ExternalStorage[]): number | undefined {
  const ready = recording.status?.conditions?.find(({ type }) => type === 'Ready');
  if (phaseOf(recording) !== 'Pending' || ready?.status !== 'False') return undefined;
  if (missing.includes(ready.reason)) return stalledLimit;
  if (ready.reason !== 'StorageNotReady') return undefined;
  const names = recording.spec.storage?.refs.map(({ name }) => name);
  const wanted = storages.filter(({ metadata }) => names?.includes(metadata.name) ?? true);
  return wanted.every(isStalled) ? stalledLimit : awayLimit;
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
