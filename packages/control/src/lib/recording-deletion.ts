import { isFinalPhase, type RecordingAttempt, type RecordingStatus } from '@tapedeck/core';
import { beganSince } from './attempt-list.ts';
import { doubled } from './options.ts';
import { configOf } from './recording-admission.ts';
import { letGo } from './recording-finished.ts';
import { letGoIncomplete, letGoRemaining, untilLetGo } from './recording-leftovers.ts';
import { situate } from './recording-outcome.ts';
import type { RecordingPlan, RecordingPolicy, RecordingSnapshot } from './recording-snapshot.ts';
import { endAttempt, placeOf, runEnd } from './run-exit.ts';
import { hasOpenFiles, readHistory, reportOf } from './run-history.ts';
import { runId } from './run-id.ts';
import { allowanceLeft, planRun, storagesOfRun } from './run-plan.ts';

/** Runs that try to complete the files of a recording whose resource is to go; then it goes, and the event says so. */
const maxFinishes = 3;

/**
 * The resource is being deleted: a run that goes is ended with its file complete, then the files are deleted where
 * that was asked for, then the resource goes. Files of a recording that is retained are completed first.
 */
export function planDeletion(
  snapshot: RecordingSnapshot,
  policy: RecordingPolicy,
  status: RecordingStatus,
): RecordingPlan {
  const { recording, reports, now } = snapshot;
  const attempts = status.attempts ?? [];
  const last = attempts.at(-1);
  if (last === undefined) return { status, before: [], after: letGo(snapshot, status) };
  if (last.endTime === undefined) {
    const observation = snapshot.observation ?? { state: 'Absent' as const };
    const report = reportOf(reports, last.number);
    if (observation.state === 'Running') {
      const uid = recording.metadata.uid ?? '';
      const attempt = { ...last, ...placeOf(observation) };
      const { waiting } = observation;
      const until = last.mode === 'Remove' ? untilLetGo(snapshot, policy) : undefined;
      if (until !== undefined && until <= 0) {
        const { files } = readHistory(reports, attempts);
        return letGoRemaining(snapshot, status, files, waiting?.message);
      }
      return {
        status: situate(
          snapshot,
          { ...status, attempts: [...attempts.slice(0, -1), attempt] },
          waiting === undefined
            ? { kind: 'Deleting', reason: 'Deleting', message: 'It is being deleted: its run ends first.' }
            : { kind: 'Deleting', ...waiting, stalled: true },
        ),
        before: [],
        after:
          last.mode === 'Record' || last.mode === undefined
            ? [{ type: 'Terminate', runId: runId(uid, last.number) }]
            : [],
        requeueAfterSeconds: Math.min(policy.timing.silentLimit, until ?? Number.POSITIVE_INFINITY),
      };
    }
    const ended = runEnd(observation, report);
    if (ended === undefined && last.mode !== 'Record' && last.mode !== undefined)
      return launch(snapshot, policy, status, last);
    const closed: RecordingAttempt =
      ended === undefined
        ? { ...last, endTime: now.toISOString(), reason: 'Lost' }
        : endAttempt(last, ended, observation, report, now);
    return afterRun(snapshot, policy, { ...status, attempts: [...attempts.slice(0, -1), closed] });
  }
  return afterRun(snapshot, policy, status);
}

/** Nothing runs: what is still to do before the resource may go? */
function afterRun(
  snapshot: RecordingSnapshot,
  policy: RecordingPolicy,
  status: RecordingStatus,
): RecordingPlan {
  const { recording, reports, now } = snapshot;
  const { timing } = policy;
  const attempts = status.attempts ?? [];
  const last = attempts.at(-1);
  const { files } = readHistory(reports, attempts);
  const removes = recording.spec.deletionPolicy === 'Delete';
  const mode = removes ? 'Remove' : 'Finish';
  const done = removes ? last?.mode === 'Remove' && last.reason === 'Complete' : !hasOpenFiles(files);
  const times = attempts.filter(
    (attempt) => attempt.mode === mode && afterDeletion(recording, attempt),
  ).length;
  if (done || files.length === 0) return { status, before: [], after: letGo(snapshot, status) };
  // A final state was reached without these files: nobody can complete them now.
  if (!removes && (times >= maxFinishes || isFinalPhase(recording.status?.phase))) {
    return letGoIncomplete(snapshot, status, files);
  }
  const until = untilLetGo(snapshot, policy);
  if (until !== undefined && until <= 0) return letGoRemaining(snapshot, status, files);
  const delay = times === 0 ? 0 : doubled(timing.finishDelay, times - 1, timing.maxFinishDelay);
  const left = delay - (now.getTime() - Date.parse(last?.endTime ?? now.toISOString())) / 1000;
  if (left > 0) {
    const why = last?.message ?? 'no reason is known';
    const message = removes
      ? `Its files cannot be deleted yet: ${why} It is tried again; set deletionPolicy to Retain to leave them.`
      : `Its files cannot be completed yet: ${why}`;
    return {
      status: situate(snapshot, status, {
        kind: 'Deleting',
        reason: removes ? 'NotRemoved' : 'Undelivered',
        message,
        stalled: removes,
      }),
      before: [],
      after: [],
      requeueAfterSeconds: Math.min(left, until ?? Number.POSITIVE_INFINITY),
    };
  }
  const attempt: RecordingAttempt = { number: (last?.number ?? 0) + 1, mode, startTime: now.toISOString() };
  return launch(snapshot, policy, { ...status, attempts: [...attempts, attempt].slice(-128) }, attempt);
}

function afterDeletion(recording: RecordingSnapshot['recording'], attempt: RecordingAttempt): boolean {
  const { deletionTimestamp } = recording.metadata;
  return deletionTimestamp === undefined || beganSince(attempt, deletionTimestamp);
}

function launch(
  snapshot: RecordingSnapshot,
  policy: RecordingPolicy,
  status: RecordingStatus,
  attempt: RecordingAttempt,
): RecordingPlan {
  const { recording, reports, storages, launchFailure, now } = snapshot;
  const { timing } = policy;
  const mode = attempt.mode ?? 'Finish';
  const id = runId(recording.metadata.uid ?? '', attempt.number);
  const config = configOf(recording);
  const { files, mediaSeconds } = readHistory(reports, status.attempts ?? []);
  const chosen = storagesOfRun(storages, files, []);
  if (chosen.missing.length > 0) {
    // Nobody can reach the files without their storage; who deletes both means it.
    const message = `Its files stay where they are: ExternalStorage ${chosen.missing.join(', ')} is gone.`;
    return {
      status,
      before: [],
      after: [
        { type: 'Event', event: { type: 'Warning', reason: 'StorageNotFound', message } },
        ...letGo(snapshot, status),
      ],
    };
  }
  if (launchFailure?.runId === id) {
    // Its Secret is not known any more, say: whoever deletes it does not mean to look for that first.
    if (mode === 'Finish' && launchFailure.times >= maxFinishes)
      return letGoIncomplete(snapshot, status, files);
    const until = untilLetGo(snapshot, policy);
    if (until !== undefined && until <= 0)
      return letGoRemaining(snapshot, status, files, launchFailure.message);
    const wait = doubled(timing.launchDelay, launchFailure.times - 1, timing.maxLaunchDelay);
    const left = wait - (now.getTime() - launchFailure.time.getTime()) / 1000;
    if (left > 0) {
      return {
        status: situate(snapshot, status, {
          kind: 'Deleting',
          reason: launchFailure.code,
          message: `It cannot be deleted yet: ${launchFailure.message}.`,
          stalled: true,
        }),
        before: [],
        after: [],
        requeueAfterSeconds: Math.min(left, until ?? Number.POSITIVE_INFINITY),
      };
    }
  }
  const plan = planRun({
    recording,
    config,
    storages: chosen.storages,
    number: attempt.number,
    mode,
    keyBase: status.keyBase ?? recording.metadata.name,
    previous: files,
    left: allowanceLeft(config, mediaSeconds),
  });
  return {
    status: situate(snapshot, status, {
      kind: 'Deleting',
      reason: 'Deleting',
      message: mode === 'Remove' ? 'Its files are being deleted.' : 'Its files are being completed first.',
    }),
    before: [],
    after: [{ type: 'Launch', plan }],
    requeueAfterSeconds: timing.silentLimit,
  };
}
