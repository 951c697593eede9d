import type { RecordingCopyStatus } from '@tapedeck/core';
import { addAttempt, beganSince } from './attempt-list.ts';
import { copiedFiles } from './copy-history.ts';
import { planCopyRun } from './copy-launch.ts';
import { situateCopy } from './copy-situation.ts';
import type { CopyDecision, CopySnapshot } from './copy-snapshot.ts';
import { doubled } from './options.ts';
import type { Effect, RecordingPolicy } from './recording-snapshot.ts';
import { endAttempt, runEnd } from './run-exit.ts';
import { hasOpenFiles, reportOf } from './run-history.ts';
import { runId } from './run-id.ts';

/** Runs that try to drop what is unfinished; then the resource goes, and the storage's own rule clears away. */
const maxDrops = 3;

/**
 * The resource is being deleted: a run that goes hears so with the answer to its report and drops its unfinished upload;
 * where none goes, one is started for that. Copies that are complete stay.
 */
export function planCopyDeletion(
  snapshot: CopySnapshot,
  { timing }: RecordingPolicy,
  status: RecordingCopyStatus,
): CopyDecision {
  const { copy, reports, observation, now, launchFailure, storages } = snapshot;
  const deleted = copy.metadata.deletionTimestamp ?? now.toISOString();
  let attempts = status.attempts ?? [];
  const last = attempts.at(-1);
  const uid = copy.metadata.uid ?? '';
  if (last === undefined) return letGoOfCopy(snapshot, status);
  if (last.endTime === undefined) {
    const seen = observation ?? { state: 'Absent' as const };
    const report = reportOf(reports, last.number);
    if (seen.state === 'Running') {
      // One that does not report does not hear of it either.
      const silent = (now.getTime() - Date.parse(deleted)) / 1000 >= timing.silentLimit;
      return deleting(snapshot, status, {
        after: silent ? [{ type: 'Terminate', runId: runId(uid, last.number) }] : [],
        requeueAfterSeconds: timing.silentLimit,
      });
    }
    const ended = runEnd(seen, report) ?? { end: 'Lost' as const };
    if (launchFailure?.runId !== runId(uid, last.number) || launchFailure.times >= maxDrops)
      attempts = [...attempts.slice(0, -1), endAttempt(last, ended, seen, report, now)];
    else {
      const wait = doubled(timing.launchDelay, launchFailure.times - 1, timing.maxLaunchDelay);
      const left = wait - (now.getTime() - launchFailure.time.getTime()) / 1000;
      if (left > 0) return deleting(snapshot, status, { after: [], requeueAfterSeconds: left });
      return launch(snapshot, status, last.number, timing.silentLimit);
    }
  }
  const drops = attempts.filter((attempt) => beganSince(attempt, deleted)).length;
  const canReach = storages.some(({ metadata }) => metadata.name === copy.spec.storage.name);
  const isRefused = launchFailure !== undefined && launchFailure.times >= maxDrops;
  const ended = { ...status, attempts: [...attempts] };
  if (!hasOpenFiles(copiedFiles(reports)) || drops >= maxDrops || !canReach || isRefused)
    return letGoOfCopy(snapshot, ended);
  const number = (attempts.at(-1)?.number ?? 0) + 1;
  const added = addAttempt(attempts, { number, startTime: now.toISOString() });
  return launch(snapshot, { ...ended, attempts: added.attempts }, number, timing.silentLimit);
}

function launch(
  snapshot: CopySnapshot,
  status: RecordingCopyStatus,
  number: number,
  requeueAfterSeconds: number,
): CopyDecision {
  const plan = planCopyRun(snapshot, status, number, 'Stopped');
  return deleting(snapshot, status, { after: [{ type: 'Launch', plan }], requeueAfterSeconds });
}

function deleting(
  snapshot: CopySnapshot,
  status: RecordingCopyStatus,
  more: { readonly after: readonly Effect[]; readonly requeueAfterSeconds: number },
): CopyDecision {
  const message = 'It is being deleted: what is unfinished is dropped first.';
  return {
    status: situateCopy(snapshot, status, { kind: 'Deleting', reason: 'Deleting', message }),
    before: [],
    ...more,
  };
}

/** Everything that is kept of a copy beside its files. */
export function letGoOfCopy({ copy }: CopySnapshot, status: RecordingCopyStatus): CopyDecision {
  const uid = copy.metadata.uid ?? '';
  const forget = (status.attempts ?? []).map(
    ({ number }): Effect => ({ type: 'ForgetRun', runId: runId(uid, number) }),
  );
  return { status, before: [], after: [...forget, { type: 'ForgetReports' }, { type: 'Remove' }] };
}
