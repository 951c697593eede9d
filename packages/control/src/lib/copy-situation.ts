import { canMove, type RecordingCopyStatus, type RecordingPhase, setConditions } from '@tapedeck/core';
import type { CopyDecision, CopySnapshot } from './copy-snapshot.ts';
import type { Effect } from './recording-snapshot.ts';

/** What a copy is doing, with the words for it; phase and conditions follow from it. */
export interface CopySituation {
  readonly kind:
    | 'Pending'
    | 'Copying'
    /** Between two attempts. */
    | 'Retrying'
    | 'Complete'
    | 'Failed'
    /** The resource is being deleted, and what is unfinished is cleared away before. */
    | 'Deleting';
  readonly reason: string;
  readonly message: string;
  /** It goes on only when a person changes something, though nothing has failed for good. */
  readonly stalled?: boolean;
}

const phases: Readonly<Record<CopySituation['kind'], RecordingPhase>> = {
  Pending: 'Pending',
  Copying: 'Uploading',
  Retrying: 'Uploading',
  Complete: 'Uploaded',
  Failed: 'Failed',
  Deleting: 'Uploading',
};

/** The status in a situation; its conditions by the conventions of kstatus. */
export function situateCopy(
  { copy, now }: Pick<CopySnapshot, 'copy' | 'now'>,
  status: RecordingCopyStatus,
  { kind, reason, message, stalled = false }: CopySituation,
): RecordingCopyStatus {
  const wanted = phases[kind];
  const phase = status.phase === undefined || canMove(status.phase, wanted) ? wanted : status.phase;
  const set = (type: string, holds: boolean) =>
    ({ type, status: holds ? 'True' : 'False', reason, message }) as const;
  const conditions = setConditions(
    status.conditions ?? [],
    [
      set('Ready', kind === 'Copying' || kind === 'Complete'),
      set('Reconciling', (kind === 'Pending' || kind === 'Retrying' || kind === 'Deleting') && !stalled),
      set('Stalled', kind === 'Failed' || stalled),
      set('Complete', kind === 'Complete'),
      set('Failed', kind === 'Failed'),
    ],
    { now, generation: copy.metadata.generation },
  );
  return { ...status, phase, conditions };
}

/** A decision that only says how things are; an event where the reason is another than before. */
export function tellCopy(
  snapshot: Pick<CopySnapshot, 'copy' | 'now'>,
  status: RecordingCopyStatus,
  situation: CopySituation,
  more: Pick<CopyDecision, 'requeueAfterSeconds' | 'waits'> & { readonly after?: readonly Effect[] } = {},
): CopyDecision {
  const { after = [], ...rest } = more;
  const known = status.conditions?.find(({ type }) => type === 'Ready');
  const { kind, reason, message, stalled } = situation;
  const type = kind === 'Failed' || kind === 'Retrying' || stalled === true ? 'Warning' : 'Normal';
  const isNews = known?.reason !== reason || kind === 'Failed' || kind === 'Complete';
  const told: readonly Effect[] = isNews ? [{ type: 'Event', event: { type, reason, message } }] : [];
  return {
    status: situateCopy(snapshot, status, situation),
    before: [],
    after: [...told, ...after],
    ...rest,
  };
}
