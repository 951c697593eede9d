import type { ErrorCode, RecordingAttempt, RecordingStopReason, RunFile, RunResult } from '@tapedeck/core';
import { doubled, type Timing } from './options.ts';
import type { RunEnd } from './run-exit.ts';
import { hasMedia, hasOpenFiles } from './run-history.ts';

/** What follows a run that has ended. */
export type Next =
  | { readonly kind: 'Record'; readonly delaySeconds: number }
  | {
      readonly kind: 'Finish';
      readonly delaySeconds: number;
      readonly stopReason: RecordingStopReason;
      /** No storage takes what is left; it waits on scratch until one does. */
      readonly later?: boolean;
    }
  | { readonly kind: 'Uploaded'; readonly stopReason: RecordingStopReason; readonly notice?: Notice }
  | {
      readonly kind: 'Failed';
      readonly stopReason: RecordingStopReason;
      readonly reason: string;
      readonly message: string;
      /** Something recorded lies where only a person can get at it: keep it. */
      readonly keepScratch: boolean;
    };

interface Notice {
  readonly reason: string;
  readonly message: string;
}

export interface NextInput {
  /** All runs so far that record or finish, oldest first; the last one has ended. */
  readonly attempts: readonly RecordingAttempt[];
  /** The last run's own word about its end, if it left one. */
  readonly result?: RunResult | undefined;
  /** Why the recording itself had ended, when an earlier run knew. */
  readonly stopReason?: RecordingStopReason | undefined;
  readonly files: readonly RunFile[];
  /** Nothing more is to be recorded, and why. */
  readonly over?: RecordingStopReason | undefined;
  readonly retries: number;
  readonly timing: Timing;
  /** Where a person finds what was not delivered. */
  readonly scratch?: string | undefined;
  /** Since the recording itself ended. */
  readonly waitedSeconds: number;
}

const delivered = 'SourceEnded';
const brokenOff: readonly RunEnd[] = ['Killed', 'NodeLost', 'Lost', 'Interrupted'];

/** The table of what follows which end: every row leads to a next run or to a final state, never to a loop without end. */
export function decideNext(input: NextInput): Next {
  const last = input.attempts.at(-1);
  const end = (last?.reason ?? 'Lost') as RunEnd;
  return last?.mode === 'Finish' ? afterFinish(input, end) : afterRecord(input, end);
}

function afterRecord(input: NextInput, end: RunEnd): Next {
  const { result, files } = input;
  // Where it ended by itself its own word counts; where it broke off, what was wanted of it.
  const itself = end === 'Complete' || end === 'Undelivered' ? result?.stopReason : undefined;
  const stopReason = input.stopReason ?? itself ?? input.over ?? result?.stopReason;
  switch (end) {
    case 'Complete':
      return close(input, stopReason ?? delivered);
    case 'StorageRefused':
      return deliverLater(input, stopReason ?? 'InternalError');
    case 'Invalid':
    case 'SourceFailed':
      // What was recorded before counts; without anything it is a failure, whatever was wanted.
      return hasMedia(files)
        ? close(input, input.over ?? (end === 'SourceFailed' ? delivered : 'InternalError'), noticeOf(result))
        : failed(input, stopReason ?? 'InternalError');
    case 'Undelivered':
      if (stopReason !== undefined && stopReason !== 'InternalError') {
        return { kind: 'Finish', stopReason, delaySeconds: input.timing.finishDelay };
      }
      return again(input);
    default:
      return again(input);
  }
}

/** Broken off: another attempt, unless nothing more is wanted or enough were made. */
function again(input: NextInput): Next {
  const { attempts, timing } = input;
  if (input.over !== undefined) return close(input, input.over);
  const records = attempts.filter(({ mode }) => (mode ?? 'Record') === 'Record');
  if (records.length > input.retries) {
    const why = `${records.length} attempts broke off, the last one: ${records.at(-1)?.message ?? 'no reason is known'}`;
    return close(input, 'InternalError', { reason: 'RetriesExhausted', message: why });
  }
  const broken = brokenInARow(records, timing.healthyAfter);
  return {
    kind: 'Record',
    delaySeconds: broken <= 1 ? 0 : doubled(timing.retryDelay, broken - 2, timing.maxRetryDelay),
  };
}

/** Nothing more is recorded: deliver what is open, or be done. */
function close(input: NextInput, stopReason: RecordingStopReason, notice?: Notice): Next {
  if (hasOpenFiles(input.files)) return { kind: 'Finish', delaySeconds: 0, stopReason };
  if (hasMedia(input.files)) {
    return { kind: 'Uploaded', stopReason, ...(notice === undefined ? {} : { notice }) };
  }
  return failed(input, stopReason, notice);
}

function afterFinish(input: NextInput, end: RunEnd): Next {
  const stopReason = input.over ?? input.stopReason ?? 'InternalError';
  if (end === 'Complete' && !hasOpenFiles(input.files)) return close(input, stopReason);
  const code = input.result?.code;
  if (end === 'StorageRefused' || (end === 'Invalid' && code === 'InvalidCredentials'))
    return deliverLater(input, stopReason);
  if (end === 'SourceFailed' || end === 'Invalid') return failed(input, stopReason);
  const times = trailing(input.attempts, ({ mode }) => mode === 'Finish');
  if (times >= input.timing.finishAttempts) {
    // An upload that somebody dropped does not come back with its storage.
    return code === 'UploadGone' ? failed(input, stopReason) : deliverLater(input, stopReason);
  }
  return {
    kind: 'Finish',
    stopReason,
    // Killed is not the storage's fault: at once, the first time.
    delaySeconds:
      times === 1 && brokenOff.includes(end)
        ? 0
        : doubled(input.timing.finishDelay, times - 1, input.timing.maxFinishDelay),
  };
}

/** Nothing is given up while it may still be taken: a key can be given back, a bucket made again. */
function deliverLater(input: NextInput, stopReason: RecordingStopReason): Next {
  const { files, timing, attempts, waitedSeconds } = input;
  const waits = files.some(({ state, durationSeconds }) => state === 'Open' && durationSeconds > 0);
  if (!waits || waitedSeconds >= timing.deliverWithin) return failed(input, stopReason);
  const refused = trailing(attempts, ({ mode, reason }) => mode === 'Finish' && reason !== 'Undelivered');
  const times = Math.max(
    refused,
    trailing(attempts, ({ mode }) => mode === 'Finish') - timing.finishAttempts,
  );
  const delaySeconds = doubled(timing.deliverDelay, Math.max(0, times), timing.maxDeliverDelay);
  return { kind: 'Finish', later: true, stopReason, delaySeconds };
}

function failed(input: NextInput, stopReason: RecordingStopReason, notice?: Notice): Next {
  const { files, result, scratch } = input;
  const last = input.attempts.at(-1);
  const keepScratch = hasOpenFiles(files);
  const why = (result?.message ?? notice?.message ?? last?.message ?? 'no reason is known').replace(
    /\.$/,
    '',
  );
  if (!hasMedia(files)) {
    const stopped =
      stopReason === 'Requested' && (result?.code === undefined || result.code === 'SourceEmpty');
    return {
      kind: 'Failed',
      stopReason,
      reason: stopped ? 'NothingRecorded' : (result?.code ?? notice?.reason ?? 'NothingRecorded'),
      message: stopped
        ? 'It was stopped before anything was recorded, so there is no file.'
        : `Nothing was recorded: ${why}.`,
      keepScratch: false,
    };
  }
  const open = files
    .filter(({ state }) => state === 'Open')
    .map(({ key, copy, storage }) => (copy === undefined ? key : `${key} in ${storage}`));
  const where = scratch ?? 'the scratch directory of its runs';
  return {
    kind: 'Failed',
    stopReason,
    reason: (result?.code satisfies ErrorCode | string | undefined) ?? 'Undelivered',
    message:
      open.length === 0
        ? `It broke off, and only the files listed are complete: ${why}.`
        : `Not everything could be delivered: ${why}. Not complete: ${open.join(', ')}. What the storage does not hold is kept in ${where}.`,
    keepScratch,
  };
}

function noticeOf(result: RunResult | undefined): Notice | undefined {
  return result?.message === undefined
    ? undefined
    : { reason: result.code ?? 'BrokenOff', message: result.message };
}

/** Attempts in a row, counted from the last, that ended before they were healthy; 0 is never returned. */
function brokenInARow(records: readonly RecordingAttempt[], healthyAfter: number): number {
  const healthy = ({ startTime, endTime }: RecordingAttempt) =>
    endTime !== undefined && (Date.parse(endTime) - Date.parse(startTime)) / 1000 >= healthyAfter;
  return Math.max(
    1,
    trailing(records, (attempt) => !healthy(attempt)),
  );
}

function trailing<T>(list: readonly T[], matches: (item: T) => boolean): number {
  const other = list.findLastIndex((item) => !matches(item));
  return list.length - 1 - other;
}
