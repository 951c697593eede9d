import {
  type ConditionInput,
  type ErrorCode,
  type ExternalStorage,
  type ExternalStorageStatus,
  errorKinds,
  setConditions,
} from '@tapedeck/core';

/** Whether recordings can go to a storage, and why not. */
export interface Verdict {
  readonly ready: boolean;
  readonly code: string;
  readonly message: string;
  /** It fails the same way until a person changes something. */
  readonly definite: boolean;
}

/** They can. */
export const readyVerdict: Verdict = {
  ready: true,
  code: 'Ready',
  message: 'Recordings can go there.',
  definite: false,
};

/** They cannot. `code` is one of core's; any other counts as `Unknown` does. */
export function failedVerdict(code: string, message: string): Verdict {
  return { ready: false, code, message, definite: kindOf(code).retry === 'stalled' };
}

/** Whether it is the storage, not the run or its machine, that such a failure tells of. */
export function isStorageFault(code: string): boolean {
  return kindOf(code).fault === 'destination';
}

function kindOf(code: string) {
  return Object.hasOwn(errorKinds, code) ? errorKinds[code as ErrorCode] : errorKinds.Unknown;
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

/** Whether anything answered. */
function reachedOf(code: string): ConditionInput['status'] {
  if (isUnasked(code) || code === 'NotFound') return 'Unknown';
  return unreachable.includes(code) ? 'False' : 'True';
}

/** Whether what answered knew us. */
function knownOf(code: string): ConditionInput['status'] {
  if (isUnasked(code) || unreachable.includes(code) || undecided.includes(code)) return 'Unknown';
  return unauthenticated.includes(code) ? 'False' : 'True';
}

/** The conditions that follow. */
export function conditionsOf(verdict: Verdict): readonly ConditionInput[] {
  const { ready, code, definite } = verdict;
  const message = verdict.message;
  const set = (type: string, status: ConditionInput['status']): ConditionInput => ({
    type,
    status,
    reason: code,
    message,
  });
  const reached = reachedOf(code);
  const known = knownOf(code);
  return [
    set('Ready', ready ? 'True' : 'False'),
    set('Reconciling', !ready && !definite ? 'True' : 'False'),
    set('Stalled', !ready && definite ? 'True' : 'False'),
    set('Reachable', reached),
    set('Authenticated', known),
    set('Writable', ready ? 'True' : known === 'True' ? 'False' : 'Unknown'),
  ];
}

/** It was ready and may be again in a moment: it stays in service, and says what it met. `who` failed. */
export function sparedConditions({ code, message }: Verdict, who: string): readonly ConditionInput[] {
  return [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Ready',
      message: `Recordings can go there; ${who} failed (${code}: ${message.replace(/\.$/, '')}); it is checked again.`,
    },
    { type: 'Reconciling', status: 'True', reason: code, message },
    { type: 'Stalled', status: 'False', reason: code, message },
  ];
}

/** The status with these conditions, said about the spec as it is. */
export function withConditions(
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
