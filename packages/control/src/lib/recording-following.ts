import type { RecordingAttempt, RecordingStatus, RecordingStopReason } from '@tapedeck/core';
import { addAttempt } from './attempt-list.ts';
import { outputPlaces } from './output-places.ts';
import { configOf } from './recording-admission.ts';
import { hasReturned, storagesToCheck, storagesToDeliver, waitingForStorage } from './recording-delivery.ts';
import { planLaunch } from './recording-launch.ts';
import { decideNext, type Next } from './recording-next.ts';
import { endRecording, eventOnReason, situate } from './recording-outcome.ts';
import type { Situation } from './recording-situation.ts';
import type { Effect, RecordingPlan, RecordingPolicy, RecordingSnapshot } from './recording-snapshot.ts';
import { readHistory, reportOf, statusOfRuns } from './run-history.ts';
import { runId } from './run-id.ts';
import { allowanceLeft } from './run-plan.ts';

/** The last run has ended: the next one, or the end. */
export function planNext(
  snapshot: RecordingSnapshot,
  policy: RecordingPolicy,
  status: RecordingStatus,
): RecordingPlan {
  const { recording, reports, now, observation, storages } = snapshot;
  const attempts = status.attempts ?? [];
  const last = attempts.at(-1);
  const report = last === undefined ? undefined : reportOf(reports, last.number);
  const history = readHistory(reports, attempts);
  const config = configOf(recording);
  const over: RecordingStopReason | undefined =
    recording.spec.state === 'Stopped' || recording.metadata.deletionTimestamp !== undefined
      ? 'Requested'
      : allowanceLeft(config, history.mediaSeconds).over;
  const stopTime = status.stopTime ?? lastMedia(snapshot, attempts);
  const next = decideNext({
    attempts,
    result: report?.result,
    stopReason: status.stopReason,
    files: history.files,
    over,
    retries: config.retries,
    timing: policy.timing,
    scratch: observation?.scratch,
    waitedSeconds: (now.getTime() - Date.parse(stopTime)) / 1000,
  });
  const told = statusOfRuns(reports, attempts, storages, status);
  switch (next.kind) {
    case 'Uploaded':
    case 'Failed':
      return end(snapshot, told, next);
    case 'Record':
    case 'Finish':
      break;
  }
  const base: RecordingStatus =
    next.kind === 'Finish'
      ? { ...told, stopReason: next.stopReason, stopTime }
      : without(told, 'stopTime', 'stopReason');
  const ended = last?.endTime ?? now.toISOString();
  const due = Date.parse(ended) + next.delaySeconds * 1000;
  const left = (due - now.getTime()) / 1000;
  if (next.kind === 'Finish' && next.later === true && left > 0) {
    const others = config.storage?.mode === 'Mirror' ? [] : config.storage?.refs.map(({ name }) => name);
    const names = storagesToDeliver(history.files, others ?? []);
    if (!hasReturned(storages, names, ended)) {
      const end = Date.parse(stopTime) + policy.timing.deliverWithin * 1000;
      const situation = waitingForStorage({
        files: history.files,
        last,
        result: report?.result,
        scratch: observation?.scratch,
        stopTime,
        nextTime: new Date(Math.min(due, end)).toISOString(),
        endTime: new Date(end).toISOString(),
      });
      const doubted = storagesToCheck(storages, names, ended);
      return {
        status: situate(snapshot, base, situation),
        before: [],
        after: [
          ...eventOnReason(status, situation),
          ...(doubted.length === 0 ? [] : [{ type: 'Check', storages: doubted, since: ended } as const]),
        ],
        requeueAfterSeconds: Math.max(1, Math.min(left, (end - now.getTime()) / 1000)),
        waits: true,
      };
    }
  } else if (left > 0) {
    const why = last?.message === undefined ? '' : `: ${last.message.replace(/\.$/, '')}`;
    const situation: Situation =
      next.kind === 'Record'
        ? {
            kind: 'Retrying',
            reason: last?.reason ?? 'Retrying',
            message: `Attempt ${last?.number ?? 0} broke off${why}. The next one starts at ${new Date(due).toISOString()}.`,
          }
        : {
            kind: 'Uploading',
            reason: 'Undelivered',
            message: `Not everything is in the storage yet${why}. It is tried again at ${new Date(due).toISOString()}.`,
          };
    return {
      status: situate(snapshot, base, situation),
      before: [],
      after: eventOnReason(status, situation),
      requeueAfterSeconds: left,
    };
  }
  const number = (last?.number ?? 0) + 1;
  const added = addAttempt(attempts, { number, mode: next.kind, startTime: now.toISOString() });
  const begun: RecordingStatus = { ...base, attempts: added.attempts };
  const uid = recording.metadata.uid ?? '';
  const forget = added.dropped.map(
    (dropped) => ({ type: 'ForgetRun', runId: runId(uid, dropped.number) }) as const,
  );
  const plan = planLaunch({ ...snapshot, recording: { ...recording, status: begun } }, policy, begun);
  const broken: readonly Effect[] =
    last?.reason === 'Complete' || last === undefined
      ? []
      : [
          {
            type: 'Event',
            event: {
              type: 'Warning',
              reason: last.reason ?? 'Lost',
              message: `Attempt ${last.number} broke off. ${last.message ?? ''}`.trim(),
            },
          },
        ];
  return { ...plan, after: [...broken, ...forget, ...plan.after] };
}

function end(
  snapshot: RecordingSnapshot,
  status: RecordingStatus,
  next: Extract<Next, { kind: 'Uploaded' | 'Failed' }>,
): RecordingPlan {
  const uid = snapshot.recording.metadata.uid ?? '';
  const attempts = status.attempts ?? [];
  const forget = attempts.map(({ number }) => ({ type: 'ForgetRun', runId: runId(uid, number) }) as const);
  const stopTime = status.stopTime ?? lastMedia(snapshot, attempts);
  const { bitrate: _, ...progress } = status.progress ?? {};
  const ended: RecordingStatus = {
    ...status,
    stopTime,
    ...(status.progress === undefined ? {} : { progress: progress as RecordingStatus['progress'] }),
  } as RecordingStatus;
  if (next.kind === 'Failed') {
    const { reason, message } = next;
    return endRecording(
      snapshot,
      ended,
      next.stopReason,
      { kind: 'Failed', reason, message },
      next.keepScratch ? [] : forget,
    );
  }
  const { notice } = next;
  return endRecording(
    snapshot,
    {
      ...ended,
      ...(notice === undefined
        ? {}
        : {
            notices: [
              ...(ended.notices ?? []).filter(({ reason }) => reason !== notice.reason),
              { reason: notice.reason, message: notice.message.slice(0, 1024) },
            ].slice(-32),
          }),
    },
    next.stopReason,
    {
      kind: 'Uploaded',
      reason: 'Complete',
      message: outputPlaces(ended.outputs ?? []),
    },
    forget,
  );
}

/** When the last run that records said its last word. */
function lastMedia({ reports, now }: RecordingSnapshot, attempts: readonly RecordingAttempt[]): string {
  const record = attempts.findLast(({ mode }) => (mode ?? 'Record') === 'Record');
  const report = record === undefined ? undefined : reportOf(reports, record.number);
  return report?.time ?? record?.endTime ?? now.toISOString();
}

function without<T extends object, K extends keyof T>(value: T, ...keys: readonly K[]): Omit<T, K> {
  return Object.fromEntries(
    Object.entries(value).filter(([key]) => !keys.some((gone) => gone === key)),
  ) as Omit<T, K>;
}
