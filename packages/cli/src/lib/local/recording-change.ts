import { isDeepStrictEqual } from 'node:util';
import { TapedeckError } from '@tapedeck/core/error';

/** What of a Recording's spec may change while it exists. */
const changeable = new Set(['state', 'retention', 'ttlAfterFinished', 'deletionPolicy']);

/** Rejects with `InvalidManifest` a change that a Recording does not take; the cluster's validation rules say the same. */
export function assertRecordingChange(
  name: string,
  old: Readonly<Record<string, unknown>>,
  next: Readonly<Record<string, unknown>>,
): void {
  for (const key of new Set([...Object.keys(old), ...Object.keys(next)])) {
    if (changeable.has(key) || isDeepStrictEqual(old[key], next[key])) continue;
    throw new TapedeckError(
      'InvalidManifest',
      `Recording ${name}: spec.${key} cannot change once the Recording exists (only ${[...changeable].join(', ')} can); ` +
        'delete it first or choose another name',
    );
  }
  if (old.state === 'Stopped' && next.state !== 'Stopped') {
    throw new TapedeckError(
      'InvalidManifest',
      `Recording ${name}: it was stopped, which is final; choose another name to record again`,
    );
  }
}
