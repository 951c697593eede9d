import { findCondition, type Recording, type RecordingCopy } from '@tapedeck/core';

/** Since when a recording waits for its beginning, or for its next attempt; undefined where it does not wait. */
export function waitingSince({ metadata, status }: Recording): string | undefined {
  const phase = status?.phase ?? 'Pending';
  if ((phase !== 'Pending' && phase !== 'Starting') || metadata.deletionTimestamp !== undefined)
    return undefined;
  // One that has recorded waits since its last attempt broke off.
  const brokeOff = status?.startTime === undefined ? undefined : status.attempts?.findLast(hasEnded)?.endTime;
  return brokeOff ?? metadata.creationTimestamp;
}

const hasEnded = ({ endTime }: { readonly endTime?: string | undefined }) => endTime !== undefined;

/** Likewise of a copy; one whose recording still goes on waits for nothing that somebody has to mend. */
export function copyWaitingSince({ metadata, status }: RecordingCopy): string | undefined {
  if ((status?.phase ?? 'Pending') !== 'Pending' || metadata.deletionTimestamp !== undefined)
    return undefined;
  if (findCondition(status?.conditions, 'Ready')?.reason === 'RecordingNotComplete') return undefined;
  return metadata.creationTimestamp;
}

/** How long the one that has waited for longest has been waiting, in seconds; 0 where nothing waits. */
export function longestWait(since: readonly string[], now: Date): number {
  return since.reduce((longest, time) => Math.max(longest, (now.getTime() - Date.parse(time)) / 1000), 0);
}
