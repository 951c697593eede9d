import type { RecordingAttempt } from '@tapedeck/core';

/** Longest list of attempts in a status; see the schema. */
const maxAttempts = 128;

/**
 * The list with one more. What is too many goes: first of the runs that only tried to deliver, for what was recorded is
 * told by those that recorded.
 */
export function addAttempt(
  attempts: readonly RecordingAttempt[],
  attempt: RecordingAttempt,
): { readonly attempts: RecordingAttempt[]; readonly dropped: readonly RecordingAttempt[] } {
  const all = [...attempts, attempt];
  const dropped: RecordingAttempt[] = [];
  while (all.length > maxAttempts) {
    const finishing = all.findIndex(({ mode }, index) => mode === 'Finish' && index < all.length - 1);
    dropped.push(...all.splice(Math.max(0, finishing), 1));
  }
  return { attempts: all, dropped };
}

/** Whether an attempt began at a time or after it; as texts, whole seconds and fractions of them have another order. */
export function beganSince({ startTime }: Pick<RecordingAttempt, 'startTime'>, time: string): boolean {
  return Date.parse(startTime) >= Date.parse(time);
}
