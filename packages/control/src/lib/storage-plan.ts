import {
  type CheckReport,
  type ExternalStorage,
  type ExternalStorageStatus,
  findCondition,
  formatSeconds,
  parseDuration,
  type TapedeckError,
} from '@tapedeck/core';
import { doubled, type Timing } from './options.ts';
import { isReady } from './storage-readiness.ts';
import {
  conditionsOf,
  failedVerdict,
  readyVerdict,
  sparedConditions,
  type Verdict,
  withConditions,
} from './storage-verdict.ts';

/** Ask for a check at once: a new value of this annotation is a new check. */
export const checkAnnotation = 'tapedeck.dev/check';

/** What a check came to: its report, or why it could not be made at all. */
export type CheckOutcome =
  | { readonly report: CheckReport }
  | { readonly error: TapedeckError; readonly durationSeconds: number };

/** Seconds between checks of a storage that answers. */
export function checkInterval({ spec }: Pick<ExternalStorage, 'spec'>, timing: Timing): number {
  return spec.check?.interval === undefined ? timing.checkInterval : parseDuration(spec.check.interval);
}

/** Seconds until the storage is to be checked again; 0 for now, undefined for not before something changes. */
export function untilCheck(storage: ExternalStorage, now: Date, timing: Timing): number | undefined {
  const { spec, status, metadata } = storage;
  if (spec.suspend === true) return undefined;
  const last = status?.lastCheck;
  if (last === undefined || status?.observedGeneration !== metadata.generation) return 0;
  if ((metadata.annotations?.[checkAnnotation] ?? '') !== (last.request ?? '')) return 0;
  // Resumed: what was known before it was suspended is stale.
  if (findCondition(status?.conditions, 'Ready')?.reason === 'Suspended') return 0;
  const interval = checkInterval(storage, timing);
  const failures = last.failures ?? 0;
  const wait =
    failures === 0
      ? interval
      : Math.min(interval, doubled(timing.recheckDelay, failures - 1, timing.maxRecheckDelay));
  // What a recording puts there proves as much as a check.
  const proven = failures === 0 ? Date.parse(status?.lastUpload ?? last.time) : 0;
  return Math.max(0, wait - (now.getTime() - Math.max(proven, Date.parse(last.time))) / 1000);
}

/** Checks nothing and takes nothing new, by request. */
export function suspendedStatus(storage: ExternalStorage, now: Date): ExternalStorageStatus {
  return withConditions(storage, now, [
    {
      type: 'Ready',
      status: 'False',
      reason: 'Suspended',
      message: 'It takes no new recordings; set spec.suspend to false.',
    },
    { type: 'Reconciling', status: 'False', reason: 'Suspended', message: 'It is suspended.' },
    { type: 'Stalled', status: 'False', reason: 'Suspended', message: 'It is suspended.' },
  ]);
}

/** While the first check of this generation of the spec runs. */
export function checkingStatus(storage: ExternalStorage, now: Date): ExternalStorageStatus {
  const message = 'It is being checked.';
  return withConditions(storage, now, [
    { type: 'Ready', status: 'Unknown', reason: 'Checking', message },
    { type: 'Reconciling', status: 'True', reason: 'Checking', message },
    { type: 'Stalled', status: 'False', reason: 'Checking', message },
  ]);
}

/**
 * What a check means. A refusal counts at once; what may pass by itself takes a storage that was ready out of service
 * only when it happens twice in a row.
 */
export function checkedStatus(
  storage: ExternalStorage,
  outcome: CheckOutcome,
  now: Date,
): ExternalStorageStatus {
  const verdict = readVerdict(outcome);
  const before = storage.status;
  const wasReady = isReady(storage);
  const failures = verdict.ready ? 0 : (before?.lastCheck?.failures ?? 0) + 1;
  const spared = !verdict.ready && !verdict.definite && wasReady && failures < 2;
  const request = storage.metadata.annotations?.[checkAnnotation];
  const lastCheck = {
    time: 'report' in outcome ? outcome.report.time : now.toISOString(),
    duration: formatSeconds('report' in outcome ? outcome.report.durationSeconds : outcome.durationSeconds),
    ...(request === undefined ? {} : { request: request.slice(0, 256) }),
    ...(failures === 0 ? {} : { failures }),
    steps:
      'report' in outcome
        ? outcome.report.steps.slice(0, 32).map(({ name, passed, durationSeconds, message }) => ({
            name: name.slice(0, 64),
            passed,
            duration: formatSeconds(durationSeconds),
            message: message.slice(0, 1024),
          }))
        : [],
  };
  const status: ExternalStorageStatus = {
    ...before,
    lastCheck,
    ...('report' in outcome && verdict.ready ? { capabilities: outcome.report.capabilities } : {}),
    ...('report' in outcome && outcome.report.endpoint !== undefined
      ? { endpoint: outcome.report.endpoint }
      : {}),
  };
  return withConditions(
    { ...storage, status },
    now,
    spared ? sparedConditions(verdict, 'the last check') : conditionsOf(verdict),
  );
}

function readVerdict(outcome: CheckOutcome): Verdict {
  if (!('report' in outcome)) return failedVerdict(outcome.error.code, outcome.error.message);
  const { ready, reason, message } = outcome.report;
  return ready ? readyVerdict : failedVerdict(reason, message);
}
