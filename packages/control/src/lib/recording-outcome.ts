import type { RecordingStatus, RecordingStopReason } from '@tapedeck/core';
import { applySituation, type Situation } from './recording-situation.ts';
import type { Effect, RecordingPlan, RecordingSnapshot } from './recording-snapshot.ts';

/** The status in a situation. */
export function situate(
  snapshot: RecordingSnapshot,
  status: RecordingStatus,
  situation: Situation,
): RecordingStatus {
  return applySituation(status, situation, {
    now: snapshot.now,
    generation: snapshot.recording.metadata.generation,
  });
}

/** The final status. Runs are forgotten before it is written: afterwards nobody looks at them again. */
export function endRecording(
  snapshot: RecordingSnapshot,
  status: RecordingStatus,
  stopReason: RecordingStopReason,
  situation: Situation,
  before: readonly Effect[] = [],
): RecordingPlan {
  const { reason, message, kind } = situation;
  // How storages fare says nothing any more: where the files are is in the outputs.
  const { storages: _, ...told } = status;
  const stopTime = status.stopTime ?? snapshot.now.toISOString();
  const ttl = snapshot.recording.spec.ttlAfterFinished;
  return {
    status: situate(snapshot, { ...told, stopTime, stopReason }, situation),
    before,
    after: [{ type: 'Event', event: { type: kind === 'Failed' ? 'Warning' : 'Normal', reason, message } }],
    ...(ttl === undefined ? {} : { requeueAfterSeconds: 0 }),
  };
}

/** An event only where the reason is another than before: the same thing is not said again and again. */
export function eventOnReason(before: RecordingStatus, situation: Situation): readonly Effect[] {
  const known = before.conditions?.find(({ type }) => type === 'Ready');
  if (known?.reason === situation.reason) return [];
  const { reason, message } = situation;
  const type = situation.stalled === true || situation.kind === 'Retrying' ? 'Warning' : 'Normal';
  return [{ type: 'Event', event: { type, reason, message } }];
}
