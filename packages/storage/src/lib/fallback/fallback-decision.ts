import { type ErrorCode, errorKinds, type TapedeckError } from '@tapedeck/core';
import type { UploadProgress } from '../store.ts';

/** Refusals that are ours or of the machine, and that another storage may well not share. */
const elsewhereCodes: ReadonlySet<ErrorCode> = new Set([
  'ClockSkewed',
  'InvalidCredentials',
  'SpoolFull',
  'ScratchFull',
  // Nobody recognised it, and trying again had not helped.
  'Unknown',
]);

/**
 * Whether another storage may take what this one did not. `UploadGone` is no such case: somebody completed the upload,
 * so we are a zombie, and must not begin anew elsewhere.
 */
export function mayGoElsewhere({ code, fault, retry }: TapedeckError): boolean {
  return (fault === 'destination' && retry === 'stalled') || elsewhereCodes.has(code);
}

/** Whether the storage has refused, or been away for longer than may be. */
export function isLost(trouble: UploadProgress['trouble'], nowMs: number, fallbackAfterMs: number): boolean {
  if (trouble === undefined) return false;
  const { fault, retry } = errorKinds[trouble.code];
  const refused = (fault === 'destination' && retry === 'stalled') || trouble.code === 'ClockSkewed';
  return refused || nowMs - trouble.sinceMs >= fallbackAfterMs;
}
