import {
  type Condition,
  type ConditionInput,
  canMove,
  findCondition,
  type RecordingPhase,
  type RecordingStatus,
  setConditions,
} from '@tapedeck/core';

/** What a recording is doing, with the words for it; phase and conditions follow from it. */
export interface Situation {
  readonly kind:
    | 'Pending'
    | 'Starting'
    | 'Recording'
    | 'Paused'
    /** Between two attempts. */
    | 'Retrying'
    | 'Uploading'
    | 'Uploaded'
    | 'Failed'
    /** The resource is being deleted, and something still has to happen before. */
    | 'Deleting';
  readonly reason: string;
  readonly message: string;
  /** It goes on only when a person changes something, though nothing has failed for good. */
  readonly stalled?: boolean;
  /** Worth a warning, though it may pass by itself. */
  readonly warns?: boolean;
}

const phases: Readonly<Record<Situation['kind'], RecordingPhase>> = {
  Pending: 'Pending',
  Starting: 'Starting',
  Recording: 'Recording',
  Paused: 'Paused',
  Retrying: 'Starting',
  Uploading: 'Uploading',
  Uploaded: 'Uploaded',
  Failed: 'Failed',
  Deleting: 'Uploading',
};

type Kinds = readonly Situation['kind'][];
/** It records or has recorded: what `helm --wait` and Flux wait for ends here. */
const ready: Kinds = ['Recording', 'Paused', 'Uploading', 'Uploaded'];
const reconciling: Kinds = ['Pending', 'Starting', 'Retrying', 'Deleting'];

/** The conditions of a situation, by the conventions of kstatus. */
export function conditionsOf({ kind, reason, message, stalled }: Situation): readonly ConditionInput[] {
  const set = (type: string, holds: boolean): ConditionInput => ({
    type,
    status: holds ? 'True' : 'False',
    reason,
    message,
  });
  return [
    set('Ready', ready.includes(kind)),
    set('Reconciling', reconciling.includes(kind) && stalled !== true),
    set('Stalled', kind === 'Failed' || stalled === true),
    set('Recording', kind === 'Recording'),
    set('Uploaded', kind === 'Uploaded'),
    set('Complete', kind === 'Uploaded'),
    set('Failed', kind === 'Failed'),
  ];
}

/** The status with phase and conditions of the situation; a phase that cannot follow leaves the old one. */
export function applySituation(
  status: RecordingStatus,
  situation: Situation,
  context: { readonly now: Date; readonly generation?: number | undefined },
): RecordingStatus {
  const wanted = phases[situation.kind];
  const phase = status.phase === undefined || canMove(status.phase, wanted) ? wanted : status.phase;
  const conditions: readonly Condition[] = status.conditions ?? [];
  return { ...status, phase, conditions: setConditions(conditions, conditionsOf(situation), context) };
}

/** It was stopped while it waited; what it waited for is what a person wants to know. */
export function stoppedBeforeStart({ conditions }: RecordingStatus): Situation {
  const ready = findCondition(conditions, 'Ready');
  const why = ready?.status === 'False' ? ` It waited: ${ready.message}` : '';
  const message = `It was stopped before it started, so there is no file.${why}`;
  return { kind: 'Failed', reason: 'NothingRecorded', message };
}
