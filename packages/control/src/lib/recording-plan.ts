import { isFinalPhase, type RecordingStatus } from '@tapedeck/core';
import { admit } from './recording-admission.ts';
import { planDeletion } from './recording-deletion.ts';
import { planFinished } from './recording-finished.ts';
import { planLaunch } from './recording-launch.ts';
import { endRecording, eventOnReason, situate } from './recording-outcome.ts';
import { planRunning } from './recording-running.ts';
import { type Situation, stoppedBeforeStart } from './recording-situation.ts';
import type { RecordingPlan, RecordingPolicy, RecordingSnapshot } from './recording-snapshot.ts';
import { statusOfRuns } from './run-history.ts';

/**
 * What is to be done about one recording, from all that is known of it and nothing else. The status is written before a
 * run is launched, so that a control process that dies in between finds the intent, and the launcher, which starts
 * each run once, makes it good.
 */
export function planRecording(snapshot: RecordingSnapshot, policy: RecordingPolicy): RecordingPlan {
  const { recording } = snapshot;
  const told = beginStatus(snapshot);
  const finished = isFinalPhase(told.phase);
  if (recording.metadata.deletionTimestamp !== undefined) return planDeletion(snapshot, policy, told);
  if (finished) return planFinished(snapshot, told);
  if ((told.attempts ?? []).length > 0) return planRunning(snapshot, policy, told);
  return planStart(snapshot, policy, told);
}

/** The status so far, with what the runs have said since. */
function beginStatus({ recording, reports, storages }: RecordingSnapshot): RecordingStatus {
  const { status = {}, metadata } = recording;
  const invokedTime = status.invokedTime ?? metadata.creationTimestamp;
  // What has ended is not told anew: a removal of the files would change it.
  const told = isFinalPhase(status.phase)
    ? status
    : statusOfRuns(reports, status.attempts ?? [], storages, status);
  return {
    ...told,
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    ...(invokedTime === undefined ? {} : { invokedTime }),
    startReason: status.startReason ?? 'ApiCall',
  };
}

/** Before the first run: wait, refuse, or begin. */
function planStart(
  snapshot: RecordingSnapshot,
  policy: RecordingPolicy,
  status: RecordingStatus,
): RecordingPlan {
  const { recording, now } = snapshot;
  if (recording.spec.state === 'Stopped') {
    return endRecording(snapshot, status, 'Requested', stoppedBeforeStart(status));
  }
  const admission = admit(snapshot, policy);
  if ('refused' in admission) {
    const { reason, message } = admission;
    if (admission.refused === 'Fail') {
      return endRecording(snapshot, status, 'InternalError', { kind: 'Failed', reason, message });
    }
    const waiting: Situation = { kind: 'Pending', reason, message };
    return {
      status: situate(snapshot, status, waiting),
      before: [],
      after: eventOnReason(status, waiting),
      requeueAfterSeconds: admission.requeueAfterSeconds,
      waits: true,
    };
  }
  const begun: RecordingStatus = {
    ...status,
    ...admission.fixed,
    attempts: [{ number: 1, mode: 'Record', startTime: now.toISOString() }],
  };
  return planLaunch(
    { ...snapshot, recording: { ...recording, status: begun } },
    policy,
    begun,
    admission.storages.map(({ metadata }) => metadata.name),
  );
}
