import { findCondition, parseDuration, type RecordingStatus } from '@tapedeck/core';
import type { RecordingPlan, RecordingSnapshot } from './recording-snapshot.ts';
import { runId } from './run-id.ts';

/** A recording that has ended: nothing happens but that its resource goes when its time is over. Never its files. */
export function planFinished(snapshot: RecordingSnapshot, status: RecordingStatus): RecordingPlan {
  const ttl = snapshot.recording.spec.ttlAfterFinished;
  if (ttl === undefined) return { status, before: [], after: [] };
  const type = status.phase === 'Failed' ? 'Failed' : 'Complete';
  const ended = findCondition(status.conditions, type)?.lastTransitionTime ?? status.stopTime;
  const age = ended === undefined ? 0 : (snapshot.now.getTime() - Date.parse(ended)) / 1000;
  const left = parseDuration(ttl) - age;
  if (left > 0) return { status, before: [], after: [], requeueAfterSeconds: left };
  return { status, before: [], after: letGo(snapshot, status) };
}

/** Everything that is kept of a recording beside its files. */
export function letGo(snapshot: RecordingSnapshot, status: RecordingStatus): RecordingPlan['after'] {
  const uid = snapshot.recording.metadata.uid ?? '';
  return [
    ...(status.attempts ?? []).map(
      ({ number }) => ({ type: 'ForgetRun', runId: runId(uid, number) }) as const,
    ),
    { type: 'ForgetReports' },
    { type: 'Remove' },
  ];
}
