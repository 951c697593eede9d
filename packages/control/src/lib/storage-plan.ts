import {
  type CheckReport,
  type ConditionInput,
  type ErrorCode,
  type ExternalStorage,
  type ExternalStorageStatus,
  errorKinds,
  findCondition,
  formatSeconds,
  isTrue,
  parseDuration,
  setConditions,
  type TapedeckError,
} from '@tapedeck/core';
import { doubled, type Timing } from './options.ts';

/** Ask for a check at once: a new value of this annotation is a new check. */
export const checkAnnotation = 'tapedeck.dev/check';

/** What a check came to: its report, or why it could not be made at all. */
export type CheckOutcome =
  | { readonly report: CheckReport }
  | { readonly error: TapedeckError; readonly durationSeconds: number };

/** Seconds until the storage is to be checked again; 0 for now, undefined for not before something changes. */
export function untilCheck(storage: ExternalStorage, now: Date, timing: Timing): number | undefined {
  const { spec, status, metadata } = storage;
  if (spec.suspend === true) return undefined;
  const last = status?.lastCheck;
  if (last === undefined || status?.observedGeneration !== metadata.generation) return 0;
  if ((metadata.annotations?.[checkAnnotation] ?? '') !== (last.request ?? '')) return 0;
  // Resumed: what was known before it was suspended is stale.
  if (findCondition(status?.conditions, 'Ready')?.reason === 'Suspended') return 0;
  const interval =
    spec.check?.interval === undefined ? timing.checkInterval : parseDuration(spec.check.interval);
  const failures = last.failures ?? 0;
  const wait =
    failures === 0
      ? interval
      : Math.min(interval, doubled(timing.recheckDelay, failures - 1, timing.maxRecheckDelay));
  return Math.max(0, wait - (now.getTime() - Date.parse(last.time)) / 1000);
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
  const current = findCondition(before?.conditions, 'Ready');
  const wasReady =
    isTrue(before?.conditions, 'Ready') && current?.observedGeneration === storage.metadata.generation;
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
    spared ? sparedConditions(verdict) : conditionsOf(verdict),
  );
}

interface Verdict {
  readonly ready: boolean;
  readonly code: string;
  readonly message: string;
  /** It fails the same way until a person changes something. */
  readonly definite: boolean;
}

function readVerdict(outcome: CheckOutcome): Verdict {
  if ('report' in outcome && outcome.report.ready) {
    return { ready: true, code: 'Ready', message: 'Recordings can go there.', definite: false };
  }
  const { code, message } =
    'report' in outcome
      ? { code: outcome.report.reason, message: outcome.report.message }
      : { code: outcome.error.code, message: outcome.error.message };
  const kind = Object.hasOwn(errorKinds, code) ? errorKinds[code as ErrorCode] : errorKinds.Unknown;
  return { ready: false, code, message, definite: kind.retry === 'stalled' };
}

/** Nothing answered, or not as itself. */
const unreachable = ['StorageUnreachable', 'StorageTimeout', 'StorageTlsFailed', 'HostKeyRejected'];
/** It answered, and did not know us. */
const unauthenticated = ['StorageUnauthenticated', 'InvalidCredentials', 'ClockSkewed', 'NotFound'];
/** Nobody asked it: the check itself did not run (its image, its node), or cannot be made. */
const isUnasked = (code: string): boolean =>
  code === 'Unknown' || code === 'NotSupported' || (code !== 'Ready' && !Object.hasOwn(errorKinds, code));
/** It answered, and said no more than that. */
const undecided = ['StorageUnavailable', 'StorageThrottled'];

function conditionsOf(verdict: Verdict): readonly ConditionInput[] {
  const { ready, code, definite } = verdict;
  const message = verdict.message;
  const set = (type: string, status: ConditionInput['status']): ConditionInput => ({
    type,
    status,
    reason: code,
    message,
  });
  const reached = unreachable.includes(code) ? 'False' : code === 'NotFound' ? 'Unknown' : 'True';
  const known =
    reached === 'False' || undecided.includes(code) || isUnasked(code)
      ? 'Unknown'
      : unauthenticated.includes(code)
        ? 'False'
        : 'True';
  return [
    set('Ready', ready ? 'True' : 'False'),
    set('Reconciling', !ready && !definite ? 'True' : 'False'),
    set('Stalled', !ready && definite ? 'True' : 'False'),
    set('Reachable', isUnasked(code) ? 'Unknown' : reached),
    set('Authenticated', known),
    set('Writable', ready ? 'True' : known === 'True' ? 'False' : 'Unknown'),
  ];
}

/** It was ready and may be again in a moment: it stays in service, and says what it met. */
function sparedConditions({ code, message }: Verdict): readonly ConditionInput[] {
  return [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Ready',
      message: `Recordings can go there; the last check failed (${code}: ${message.replace(/\.$/, '')}) and is repeated.`,
    },
    { type: 'Reconciling', status: 'True', reason: code, message },
    { type: 'Stalled', status: 'False', reason: code, message },
  ];
}

function withConditions(
  { status, metadata }: ExternalStorage,
  now: Date,
  conditions: readonly ConditionInput[],
): ExternalStorageStatus {
  const { generation } = metadata;
  return {
    ...status,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: setConditions(status?.conditions ?? [], conditions, { now, generation }),
  };
}
