import { findCondition, type RecordingAttempt, type RecordingStatus, type RunReport } from '@tapedeck/core';
import { configOf } from './recording-admission.ts';
import { planNext } from './recording-following.ts';
import { planLaunch } from './recording-launch.ts';
import { endRecording, eventOnReason, situate } from './recording-outcome.ts';
import { type Situation, stoppedBeforeStart } from './recording-situation.ts';
import type { RecordingPlan, RecordingPolicy, RecordingSnapshot } from './recording-snapshot.ts';
import { endAttempt, placeOf, runEnd } from './run-exit.ts';
import { reportOf } from './run-history.ts';
import { runId } from './run-id.ts';

const notHeard = 'NotHeard';

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
    : endRecording(snapshot, trimmed, 'Requested', stoppedBeforeStart(status));
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
  const stopping = report?.state === 'Uploading' || report?.state === 'Ended';
  const next: RecordingStatus = {
    ...status,
    attempts: [...(status.attempts ?? []).slice(0, -1), attempt],
    ...(stopping && status.stopTime === undefined ? { stopTime: report.time } : {}),
  };
  const started = Date.parse(observation?.startTime ?? last.startTime);
  // Control that has just begun gives a run time to report, unless it was silent before that already.
  const wasSilent = findCondition(status.conditions, 'Ready')?.reason === notHeard;
  const heard = Math.max(wasSilent ? 0 : since.getTime(), started, Date.parse(report?.time ?? '') || 0);
  const untilSilent = timing.silentLimit - (now.getTime() - heard) / 1000;
  const refused = untilSilent > 0 ? undefined : observation?.refused;
  const said = situationOf(recording, last, report, observation?.waiting ?? refused);
  const situation = untilSilent > 0 || report === undefined ? said : unheard(said, attempt, report, refused);
  const told = situate(snapshot, next, situation);
  const deadline = deadlineOf(snapshot, told, report, started / 1000) + timing.deadlineSlack;
  const untilDeadline = deadline - now.getTime() / 1000;
  const wantsStop = recording.spec.state === 'Stopped';
  const overdue = untilDeadline <= 0 || (wantsStop && untilSilent <= 0);
  const waits = [
    timing.silentLimit,
    ...(untilDeadline > 0 ? [untilDeadline] : []),
    ...(untilSilent > 0 ? [untilSilent] : []),
  ];
  return {
    status: told,
    before: [],
    after: [
      ...(situation.kind === 'Starting' && situation.stalled !== true
        ? []
        : eventOnReason(status, situation)),
      ...(overdue
        ? [{ type: 'Terminate', runId: runId(recording.metadata.uid ?? '', last.number) } as const]
        : []),
    ],
    requeueAfterSeconds: Math.max(1, Math.min(...waits)),
  };
}

/**
 * By the clock, in seconds, when a run has recorded all it may at the latest. What is counted is media: the time of
 * pauses, of gaps, and of waiting for the source does not count.
 */
function deadlineOf(
  { recording }: RecordingSnapshot,
  told: RecordingStatus,
  report: RunReport | undefined,
  started: number,
): number {
  const { source, maxDurationSeconds } = configOf(recording);
  const patience = source.type === 'Stream' ? source.startTimeoutSeconds + source.lostTimeoutSeconds : 0;
  if (report === undefined) return started + maxDurationSeconds + patience;
  // How long the pause will be nobody knows; that it still reports is enough.
  if (report.state === 'Paused') return Date.parse(report.time) / 1000 + maxDurationSeconds + patience;
  const away = [...report.gaps, ...report.pauses].reduce((sum, part) => sum + part.durationSeconds, 0);
  // A pause is reported with the first media after it, a moment after the run says that it records.
  const resumed = report.state === 'Recording' ? findCondition(told.conditions, 'Recording') : undefined;
  return Math.max(
    started + maxDurationSeconds + patience + away,
    (Date.parse(resumed?.lastTransitionTime ?? '') || 0) / 1000,
  );
}

/** It was so when it last reported: whether it still is nobody here can know. */
function unheard(
  said: Situation,
  { pod, node }: RecordingAttempt,
  { time }: RunReport,
  refused: NonNullable<RecordingSnapshot['observation']>['refused'],
): Situation {
  if (said.kind !== 'Recording' && said.kind !== 'Paused') return said;
  const where = pod === undefined ? '' : `; look at its pod ${pod}${node === undefined ? '' : ` on ${node}`}`;
  const why = refused === undefined ? '' : ` ${refused.message}`;
  return {
    ...said,
    reason: refused?.reason ?? notHeard,
    message: `Nothing has been heard of its run since ${time}. It goes on by itself where it still can${where}.${why}`,
    warns: true,
  };
}

function situationOf(
  { metadata, spec: { state: wanted } }: RecordingSnapshot['recording'],
  last: RecordingAttempt,
  report: ReturnType<typeof reportOf>,
  waiting: NonNullable<RecordingSnapshot['observation']>['waiting'],
): Situation {
  if (report === undefined && waiting !== undefined) {
    const kind = last.mode === 'Finish' ? 'Uploading' : 'Starting';
    return { kind, reason: waiting.reason, message: waiting.message, stalled: true };
  }
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
        message: `It is paused; "tapedeck resume ${metadata.name}${inNamespace(metadata.namespace)}" goes on, and so does setting spec.state to Recording.`,
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

/** What the command line needs to find it. */
function inNamespace(namespace = 'default'): string {
  return namespace === 'default' ? '' : ` -n ${namespace}`;
}
