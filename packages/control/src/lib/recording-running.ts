import type { RecordingAttempt, RecordingStatus } from '@tapedeck/core';
import { configOf } from './recording-admission.ts';
import { planNext } from './recording-following.ts';
import { planLaunch } from './recording-launch.ts';
import { endRecording, eventOnReason, situate } from './recording-outcome.ts';
import type { Situation } from './recording-situation.ts';
import type { RecordingPlan, RecordingPolicy, RecordingSnapshot } from './recording-snapshot.ts';
import { endAttempt, placeOf, runEnd } from './run-exit.ts';
import { reportOf } from './run-history.ts';
import { runId } from './run-id.ts';

/** A recording with at least one run: observe it, start it, or decide what comes after it. */
export function planRunning(
  snapshot: RecordingSnapshot,
  policy: RecordingPolicy,
  status: RecordingStatus,
): RecordingPlan {
  const attempts = status.attempts ?? [];
  const last = attempts.at(-1);
  if (last === undefined) return { status, before: [], after: [] };
  if (last.endTime !== undefined) return planNext(snapshot, policy, status);
  const observation = snapshot.observation ?? { state: 'Absent' as const };
  const report = reportOf(snapshot.reports, last.number);
  const ended = runEnd(observation, report);
  if (ended !== undefined) {
    const closed = endAttempt(last, ended, observation, report, snapshot.now);
    return planNext(snapshot, policy, { ...status, attempts: [...attempts.slice(0, -1), closed] });
  }
  if (observation.state === 'Running') return planAlive(snapshot, policy, status, last);
  if (snapshot.recording.spec.state !== 'Stopped' || (last.mode ?? 'Record') !== 'Record') {
    return planLaunch(snapshot, policy, status);
  }
  // Never launched, so it never was: what there is decides.
  const trimmed: RecordingStatus = { ...status, attempts: attempts.slice(0, -1) };
  return attempts.length > 1
    ? planNext(snapshot, policy, trimmed)
    : endRecording(snapshot, trimmed, 'Requested', {
        kind: 'Failed',
        reason: 'NothingRecorded',
        message: 'It was stopped before it started, so there is no file.',
      });
}

/** The run goes on: tell what it does, and see to it that it ends when it should. */
function planAlive(
  snapshot: RecordingSnapshot,
  policy: RecordingPolicy,
  status: RecordingStatus,
  last: RecordingAttempt,
): RecordingPlan {
  const { recording, observation, reports, now, since } = snapshot;
  const { timing } = policy;
  const report = reportOf(reports, last.number);
  const attempt = { ...last, ...placeOf(observation ?? { state: 'Running' }) };
  const situation = situationOf(last, report, recording.spec.state);
  const stopping = report?.state === 'Uploading' || report?.state === 'Ended';
  const next: RecordingStatus = {
    ...status,
    attempts: [...(status.attempts ?? []).slice(0, -1), attempt],
    ...(stopping && status.stopTime === undefined ? { stopTime: report.time } : {}),
  };
  const started = Date.parse(observation?.startTime ?? last.startTime);
  const heard = Math.max(since.getTime(), started, Date.parse(report?.time ?? '') || 0);
  const deadline = started / 1000 + configOf(recording).maxDurationSeconds + timing.deadlineSlack;
  const untilDeadline = deadline - now.getTime() / 1000;
  const untilSilent = timing.silentLimit - (now.getTime() - heard) / 1000;
  const wantsStop = recording.spec.state === 'Stopped';
  const overdue = (last.mode === 'Record' && untilDeadline <= 0) || (wantsStop && untilSilent <= 0);
  const waits = [
    timing.silentLimit,
    ...(untilDeadline > 0 ? [untilDeadline] : []),
    ...(wantsStop && untilSilent > 0 ? [untilSilent] : []),
  ];
  return {
    status: situate(snapshot, next, situation),
    before: [],
    after: [
      ...(situation.kind === 'Starting' ? [] : eventOnReason(status, situation)),
      ...(overdue
        ? [{ type: 'Terminate', runId: runId(recording.metadata.uid ?? '', last.number) } as const]
        : []),
    ],
    requeueAfterSeconds: Math.max(1, Math.min(...waits)),
  };
}

function situationOf(
  last: RecordingAttempt,
  report: ReturnType<typeof reportOf>,
  wanted: RecordingSnapshot['recording']['spec']['state'],
): Situation {
  if (last.mode === 'Finish') {
    return { kind: 'Uploading', reason: 'Finishing', message: 'What earlier runs left is being completed.' };
  }
  switch (report?.state) {
    case 'Recording':
      return { kind: 'Recording', reason: 'Recording', message: 'It records.' };
    case 'Paused':
      return {
        kind: 'Paused',
        reason: 'Paused',
        message: 'It is paused; set spec.state to Recording to go on.',
      };
    case 'Uploading':
    case 'Ended':
      return {
        kind: 'Uploading',
        reason: 'Uploading',
        message: 'Recording has ended; the rest is being uploaded.',
      };
    default:
      return {
        kind: 'Starting',
        reason: 'Starting',
        message:
          wanted === 'Stopped'
            ? `Attempt ${last.number} is asked to stop before its first picture.`
            : `Attempt ${last.number} waits for the first picture or sound of its source, since ${last.startTime}.`,
      };
  }
}
