import { isFinalPhase, type RecordingCopyStatus, TapedeckError } from '@tapedeck/core';
import { admitCopy } from './copy-admission.ts';
import { letGoOfCopy, planCopyDeletion } from './copy-deletion.ts';
import { copyFiles } from './copy-files.ts';
import { statusOfCopy } from './copy-history.ts';
import { planCopyLaunch } from './copy-launch.ts';
import { endCopy, planCopyNext } from './copy-next.ts';
import { tellCopy } from './copy-situation.ts';
import type { CopyDecision, CopySnapshot } from './copy-snapshot.ts';
import type { RecordingPolicy } from './recording-snapshot.ts';
import { endAttempt, placeOf, runEnd } from './run-exit.ts';
import { reportOf } from './run-history.ts';

/** What is to be done about one copy, from all that is known of it and nothing else; as `planRecording`. */
export function planCopy(snapshot: CopySnapshot, policy: RecordingPolicy): CopyDecision {
  const { copy, reports, storages } = snapshot;
  const { status: said = {}, metadata } = copy;
  const isOver = isFinalPhase(said.phase);
  // What has ended is not told anew: clearing away what it left would change it.
  const status: RecordingCopyStatus = {
    ...(isOver ? said : statusOfCopy(reports, storages, said)),
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
  };
  if (isOver && metadata.deletionTimestamp === undefined) return { status, before: [], after: [] };
  try {
    if (metadata.deletionTimestamp !== undefined) return planCopyDeletion(snapshot, policy, status);
    if ((status.attempts ?? []).length > 0) return planCopyRunning(snapshot, policy, status);
    return planCopyStart(snapshot, policy, status);
  } catch (error) {
    const { code, message } = TapedeckError.from(error);
    if (code !== 'InvalidManifest') throw error;
    // A storage's prefix was changed while it was copied to: where it is to go nobody can say any more.
    return metadata.deletionTimestamp === undefined
      ? endCopy(snapshot, status, { kind: 'Failed', reason: 'InvalidParams', message })
      : letGoOfCopy(snapshot, status);
  }
}

/** Before the first run: wait, refuse, or begin. */
function planCopyStart(
  snapshot: CopySnapshot,
  policy: RecordingPolicy,
  status: RecordingCopyStatus,
): CopyDecision {
  const admission = admitCopy(snapshot, status);
  const { recordingUid } = admission;
  const seen = recordingUid === undefined ? status : { ...status, recordingUid };
  if ('refused' in admission)
    return tellCopy(snapshot, seen, admission.refused, { waits: admission.refused.kind === 'Pending' });
  const { outputs } = admission;
  const files = copyFiles(outputs, snapshot.storages, snapshot.copy.spec);
  return planCopyLaunch(snapshot, policy, {
    ...seen,
    sources: [...outputs],
    progress: {
      bytesCopied: 0,
      bytesTotal: files.reduce((sum, { sources }) => sum + (sources[0]?.bytes ?? 0), 0),
    },
    attempts: [{ number: 1, startTime: snapshot.now.toISOString() }],
  });
}

/** With at least one run: observe it, start it, or decide what comes after it. */
function planCopyRunning(
  snapshot: CopySnapshot,
  policy: RecordingPolicy,
  status: RecordingCopyStatus,
): CopyDecision {
  const attempts = status.attempts ?? [];
  const last = attempts.at(-1);
  if (last === undefined) return { status, before: [], after: [] };
  if (last.endTime !== undefined) return planCopyNext(snapshot, policy, status);
  const { observation = { state: 'Absent' as const }, reports, now } = snapshot;
  const report = reportOf(reports, last.number);
  const ended = runEnd(observation, report);
  if (ended !== undefined) {
    const closed = endAttempt(last, ended, observation, report, now);
    return planCopyNext(snapshot, policy, { ...status, attempts: [...attempts.slice(0, -1), closed] });
  }
  if (observation.state === 'Absent') return planCopyLaunch(snapshot, policy, status);
  const placed = { ...last, ...placeOf(observation) };
  const next = { ...status, attempts: [...attempts.slice(0, -1), placed] };
  const { waiting } = observation;
  const requeueAfterSeconds = policy.timing.silentLimit;
  if (report === undefined && waiting !== undefined)
    return tellCopy(snapshot, next, { kind: 'Retrying', ...waiting, stalled: true }, { requeueAfterSeconds });
  return tellCopy(
    snapshot,
    next,
    {
      kind: 'Copying',
      reason: 'Copying',
      message: `Its files are being copied to ${snapshot.copy.spec.storage.name}.`,
    },
    { requeueAfterSeconds },
  );
}
