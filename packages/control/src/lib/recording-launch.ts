import type { RecordingAttempt, RecordingStatus, StorageSelection } from '@tapedeck/core';
import { doubled } from './options.ts';
import { configOf } from './recording-admission.ts';
import { endRecording, eventOnReason, situate } from './recording-outcome.ts';
import type { Situation } from './recording-situation.ts';
import type { RecordingPlan, RecordingPolicy, RecordingSnapshot } from './recording-snapshot.ts';
import { readHistory } from './run-history.ts';
import { runId } from './run-id.ts';
import { allowanceLeft, planRun, storagesOfRun } from './run-plan.ts';
import { isReady } from './storage-readiness.ts';

/**
 * The newest attempt is to be started, at once or after the last refusal's wait. `storages` names the choice of the
 * first attempt, the ready ones first.
 */
export function planLaunch(
  snapshot: RecordingSnapshot,
  policy: RecordingPolicy,
  status: RecordingStatus,
  storages?: readonly string[],
): RecordingPlan {
  const { recording, reports, now, launchFailure } = snapshot;
  const { timing } = policy;
  const last = status.attempts?.at(-1);
  if (last === undefined) return { status, before: [], after: [] };
  const id = runId(recording.metadata.uid ?? '', last.number);
  const mode = last.mode ?? 'Record';
  const before = (status.attempts ?? []).slice(0, -1);
  const history = readHistory(reports, before);
  const config = configOf(recording);
  const wanted = wantedStorages(snapshot, status, config.storage, storages);
  const chosen = storagesOfRun(snapshot.storages, history.files, wanted);
  const missing = chosen.missing[0] ?? (chosen.storages.length === 0 ? wanted[0] : undefined);
  if (missing !== undefined) {
    return planMissingStorage(snapshot, policy, status, last, missing);
  }
  const starting: Situation =
    mode === 'Record'
      ? last.number === 1
        ? { kind: 'Starting', reason: 'Starting', message: 'It is being started.' }
        : { kind: 'Retrying', reason: 'Retrying', message: `Attempt ${last.number} is being started.` }
      : { kind: 'Uploading', reason: 'Finishing', message: 'What earlier runs left is being completed.' };
  if (launchFailure?.runId === id) {
    const { code, message, times, time } = launchFailure;
    const waited = (now.getTime() - Date.parse(status.stopTime ?? now.toISOString())) / 1000;
    if (mode === 'Finish' && waited >= timing.deliverWithin) {
      return endRecording(snapshot, status, status.stopReason ?? 'InternalError', {
        kind: 'Failed',
        reason: code,
        message: `Not everything could be delivered: ${message}. What is missing is left on scratch.`,
      });
    }
    const wait = doubled(timing.launchDelay, times - 1, timing.maxLaunchDelay);
    const left = wait - (now.getTime() - time.getTime()) / 1000;
    if (left > 0) {
      const situation: Situation = {
        kind: mode === 'Record' ? (before.length === 0 ? 'Starting' : 'Retrying') : 'Uploading',
        reason: code,
        message:
          mode === 'Record'
            ? `It cannot be started: ${message}. It is tried again until it works or is stopped.`
            : `What is left cannot be delivered: ${message}. It is tried again until it works.`,
        ...(mode === 'Record' ? {} : { stalled: true }),
      };
      return {
        status: situate(snapshot, status, situation),
        before: [],
        after: eventOnReason(status, situation),
        requeueAfterSeconds: left,
      };
    }
  }
  const plan = planRun({
    recording,
    config,
    storages: chosen.storages,
    number: last.number,
    mode,
    keyBase: status.keyBase ?? recording.metadata.name,
    previous: history.files,
    left: allowanceLeft(config, history.mediaSeconds),
  });
  return {
    status: launchFailure?.runId === id ? status : situate(snapshot, status, starting),
    before: [],
    after: [
      ...(launchFailure === undefined ? eventOnReason(status, starting) : []),
      { type: 'Launch', plan },
    ],
    // Who started it is told of its life; this is for the case that nobody is.
    requeueAfterSeconds: timing.silentLimit,
  };
}

/** A run begins with the preferred storage that is ready; copies go to all, always in the same order. */
function wantedStorages(
  snapshot: RecordingSnapshot,
  status: RecordingStatus,
  selection: StorageSelection | undefined,
  first: readonly string[] | undefined,
): readonly string[] {
  const refs = selection?.refs.map(({ name }) => name);
  if (selection?.mode === 'Mirror' && refs !== undefined) return refs;
  if (first !== undefined) return first;
  if (refs === undefined) return status.storage === undefined ? [] : [status.storage.name];
  const ready = refs.filter((name) =>
    snapshot.storages.some((storage) => storage.metadata.name === name && isReady(storage)),
  );
  return [...new Set([...ready, ...refs])];
}

/** A storage that holds files of the recording is gone: wait for it for a while, then end with what there is. */
function planMissingStorage(
  snapshot: RecordingSnapshot,
  policy: RecordingPolicy,
  status: RecordingStatus,
  last: RecordingAttempt,
  missing: string,
): RecordingPlan {
  const waited = (snapshot.now.getTime() - Date.parse(last.startTime)) / 1000;
  const left = policy.timing.missingStorageGrace - waited;
  const message = `ExternalStorage ${missing}, which this recording goes to, is not there any more; apply it again`;
  if (left > 0) {
    const situation: Situation = {
      kind: last.mode === 'Finish' ? 'Uploading' : 'Retrying',
      reason: 'StorageNotFound',
      message: `Waits: ${message}.`,
      stalled: true,
    };
    return {
      status: situate(snapshot, status, situation),
      before: [],
      after: eventOnReason(status, situation),
      requeueAfterSeconds: left,
      waits: true,
    };
  }
  return endRecording(snapshot, status, status.stopReason ?? 'InternalError', {
    kind: 'Failed',
    reason: 'StorageNotFound',
    message: `Not everything could be delivered: ${message} and record anew.`,
  });
}
