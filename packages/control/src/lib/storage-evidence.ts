import {
  type ExternalStorage,
  type ExternalStorageStatus,
  findCondition,
  type RunStorageState,
} from '@tapedeck/core';
import type { Timing } from './options.ts';
import { checkInterval } from './storage-plan.ts';
import { isReady } from './storage-readiness.ts';
import {
  conditionsOf,
  failedVerdict,
  isStorageFault,
  readyVerdict,
  sparedConditions,
  withConditions,
} from './storage-verdict.ts';

/** What a run's report of a storage is worth beside the last check. */
export type Evidence =
  | { readonly kind: 'Nothing' }
  /** The status is to say so. */
  | { readonly kind: 'Status'; readonly status: ExternalStorageStatus }
  /** It speaks against the last check: another one is to decide. */
  | { readonly kind: 'Check' };

const nothing: Evidence = { kind: 'Nothing' };

/**
 * What a run meets in a storage keeps its readiness current between checks. A refusal counts at once; what may pass by
 * itself is a first failure, and the check that follows at once is the second. A run may be older than a Secret
 * or a right that was changed since, so what it met before the last check only asks for another one.
 */
export function weighEvidence(
  storage: ExternalStorage,
  state: RunStorageState,
  now: Date,
  timing: Timing,
): Evidence {
  const { spec, status, metadata } = storage;
  const { lastCheck } = status ?? {};
  const isOther = state.generation !== undefined && state.generation !== metadata.generation;
  if (spec.suspend === true || metadata.deletionTimestamp !== undefined || isOther) return nothing;
  // Its first check is on its way.
  if (lastCheck === undefined || status?.observedGeneration !== metadata.generation) return nothing;
  if (findCondition(status?.conditions, 'Ready')?.reason === 'Suspended') return nothing;
  if (state.away !== undefined) return weighFailure(storage, state.away, now, timing);
  return state.storedTime === undefined ? nothing : weighUpload(storage, state.storedTime, now, timing);
}

function weighFailure(
  storage: ExternalStorage,
  { code, message, since, time }: NonNullable<RunStorageState['away']>,
  now: Date,
  timing: Timing,
): Evidence {
  const { lastCheck, lastUpload } = storage.status ?? {};
  // One that is out of service, or has failed once, is checked again soon as it is.
  if (lastCheck === undefined || !isReady(storage) || (lastCheck.failures ?? 0) > 0) return nothing;
  const verdict = failedVerdict(code, message);
  if (!isStorageFault(code)) return nothing;
  if (!verdict.definite && secondsBetween(since, time) < timing.recheckDelay) return nothing;
  if (secondsBetween(latest(lastCheck.time, lastUpload), since) <= 0) {
    return secondsBetween(lastCheck.time, time) < timing.evidenceDelay ? nothing : { kind: 'Check' };
  }
  const status = { ...storage.status, lastCheck: { ...lastCheck, failures: 1 } };
  return {
    kind: 'Status',
    status: withConditions(
      { ...storage, status },
      now,
      verdict.definite ? conditionsOf(verdict) : sparedConditions(verdict, 'an upload to it'),
    ),
  };
}

function weighUpload(storage: ExternalStorage, storedTime: string, now: Date, timing: Timing): Evidence {
  const { lastCheck, lastUpload, conditions } = storage.status ?? {};
  if (lastCheck === undefined) return nothing;
  const { failures = 0, ...check } = lastCheck;
  const age = secondsBetween(latest(lastCheck.time, lastUpload), storedTime);
  if (age <= 0) return nothing;
  if (isReady(storage)) {
    if (failures === 0 && age < checkInterval(storage, timing) / 2) return nothing;
  } else if (failedVerdict(findCondition(conditions, 'Ready')?.reason ?? '', '').definite) {
    return secondsBetween(lastCheck.time, storedTime) < timing.evidenceDelay ? nothing : { kind: 'Check' };
  }
  const status = { ...storage.status, lastCheck: check, lastUpload: storedTime };
  return {
    kind: 'Status',
    status: withConditions({ ...storage, status }, now, conditionsOf(readyVerdict)),
  };
}

function latest(a: string, b: string | undefined): string {
  return b !== undefined && Date.parse(b) > Date.parse(a) ? b : a;
}

function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}
