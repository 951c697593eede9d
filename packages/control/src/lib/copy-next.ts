import type { ErrorCode, RecordingCopyStatus } from '@tapedeck/core';
import { addAttempt } from './attempt-list.ts';
import { copyFiles } from './copy-files.ts';
import { copiedFiles, fruitlessRuns } from './copy-history.ts';
import { planCopyLaunch } from './copy-launch.ts';
import { tellCopy } from './copy-situation.ts';
import type { CopyDecision, CopySnapshot } from './copy-snapshot.ts';
import { doubled } from './options.ts';
import type { Effect, RecordingPolicy } from './recording-snapshot.ts';
import { reportOf } from './run-history.ts';
import { runId } from './run-id.ts';

/** Ends after which no further run would do better. */
const finalEnds: readonly string[] = ['Invalid', 'SourceFailed', 'StorageRefused'];

/** The last run has ended: the next one, or the end. */
export function planCopyNext(
  snapshot: CopySnapshot,
  policy: RecordingPolicy,
  status: RecordingCopyStatus,
): CopyDecision {
  const { copy, reports, storages, now } = snapshot;
  const { timing } = policy;
  const attempts = status.attempts ?? [];
  const last = attempts.at(-1);
  if (last === undefined) return { status, before: [], after: [] };
  const files = copiedFiles(reports);
  const wanted = copyFiles(status.sources ?? [], storages, copy.spec);
  const isComplete = wanted.every(({ key }) =>
    files.some((file) => file.key === key && file.state === 'Complete'),
  );
  const result = reportOf(reports, last.number)?.result;
  if (last.reason === 'Complete' && isComplete) {
    const { name } = copy.spec.storage;
    const what = wanted.length === 1 ? 'The file is' : `All ${wanted.length} files are`;
    return endCopy(snapshot, status, {
      kind: 'Complete',
      reason: 'Complete',
      message: `${what} in ${name}, with the content that was recorded.`,
    });
  }
  const message = last.message ?? result?.message;
  if (finalEnds.includes(last.reason ?? ''))
    return endCopy(snapshot, status, {
      kind: 'Failed',
      reason: reasonOf(result?.code) ?? last.reason ?? 'UnknownError',
      message: message ?? `Its run ended with ${last.reason}, and said no more; see its log.`,
    });
  const why = message === undefined ? '' : `: ${message.replace(/\.$/, '')}`;
  const fruitless = fruitlessRuns(reports, attempts);
  if (fruitless >= timing.finishAttempts)
    return endCopy(snapshot, status, {
      kind: 'Failed',
      reason: reasonOf(result?.code) ?? 'UnknownError',
      message: `Given up after ${fruitless} runs that copied nothing${why}. Delete the copy and apply it again to go on trying.`,
    });
  const delay =
    fruitless === 0 ? timing.retryDelay : doubled(timing.finishDelay, fruitless - 1, timing.maxFinishDelay);
  const due =
    Date.parse(last.endTime ?? now.toISOString()) + (last.reason === 'Interrupted' ? 0 : delay * 1000);
  const left = (due - now.getTime()) / 1000;
  if (left > 0)
    return tellCopy(
      snapshot,
      status,
      {
        kind: 'Retrying',
        reason: reasonOf(result?.code) ?? last.reason ?? 'Retrying',
        message: `Attempt ${last.number} broke off${why}. The next one goes on where it was, at ${new Date(due).toISOString()}.`,
      },
      { requeueAfterSeconds: left },
    );
  const uid = copy.metadata.uid ?? '';
  const added = addAttempt(attempts, { number: last.number + 1, startTime: now.toISOString() });
  const next = planCopyLaunch(snapshot, policy, { ...status, attempts: added.attempts });
  const forget = added.dropped.map(
    ({ number }) => ({ type: 'ForgetRun', runId: runId(uid, number) }) as const,
  );
  return { ...next, after: [...forget, ...next.after] };
}

/** Sendbird's copy call has a word for what nobody recognised. */
function reasonOf(code: string | undefined): string | undefined {
  const unknown: ErrorCode = 'Unknown';
  return code === unknown ? 'UnknownError' : code;
}

/** Runs are forgotten before the end is written: afterwards nobody looks at them again. */
export function endCopy(
  snapshot: CopySnapshot,
  status: RecordingCopyStatus,
  situation: Parameters<typeof tellCopy>[2],
): CopyDecision {
  const uid = snapshot.copy.metadata.uid ?? '';
  const before = (status.attempts ?? []).map(
    ({ number }): Effect => ({ type: 'ForgetRun', runId: runId(uid, number) }),
  );
  return { ...tellCopy(snapshot, status, situation), before };
}
