import {
  countedFiles,
  type ExternalStorage,
  formatSeconds,
  isFinalPhase,
  joinKey,
  maxRunStorages,
  normalizePrefix,
  passingNotices,
  type RecordingOutput,
  type RecordingStatus,
  type RunFile,
  type RunGap,
  type RunNotice,
  type RunReport,
  type RunStorageState,
} from '@tapedeck/core';
import { storageSummary } from './recording-admission.ts';
import { parseRunId } from './run-id.ts';

type Attempts = NonNullable<RecordingStatus['attempts']>;

/** Bounds of the status's lists; see the schema. */
const maxGaps = 256;
const maxNotices = 32;
const maxOutputs = 1024;

export function reportOf(reports: readonly RunReport[], number: number): RunReport | undefined {
  return reports.find((report) => parseRunId(report.id)?.number === number);
}

/** What the runs have said together, oldest first. */
export interface RunHistory {
  /** As the newest report has them: each report carries the files of the runs before. */
  readonly files: readonly RunFile[];
  /** Seconds of media in the files. */
  readonly mediaSeconds: number;
  readonly newest: RunReport | undefined;
  readonly startTime: string | undefined;
}

/** What a run that deletes leaves is not what the recording was: its reports are left out. */
export function readHistory(reports: readonly RunReport[], attempts: Attempts): RunHistory {
  const removing = new Set(attempts.filter(({ mode }) => mode === 'Remove').map(({ number }) => number));
  const told = reports.filter((report) => !removing.has(parseRunId(report.id)?.number ?? 0));
  const newest = told.at(-1);
  const files = newest?.files ?? [];
  const starts = told.flatMap(({ startTime }) => (startTime === undefined ? [] : [startTime])).sort();
  return {
    files,
    mediaSeconds: mediaOf(files),
    newest,
    startTime: starts[0],
  };
}

/** Is anything in the storage that nobody has completed, or cleared away, yet? */
export function hasOpenFiles(files: readonly RunFile[]): boolean {
  return files.some((file) => file.state === 'Open' || (file.replaces ?? []).length > 0);
}

/** Is there anything at all that a person could watch, or could once it is completed? */
export function hasMedia(files: readonly RunFile[]): boolean {
  return files.some((file) => file.bytes > 0 || file.durationSeconds > 0 || file.journal !== undefined);
}

/** Media of the files, in seconds; of copies once. */
function mediaOf(files: readonly RunFile[]): number {
  return countedFiles(files).reduce((sum, file) => sum + file.durationSeconds, 0);
}

/** Media that one attempt recorded, as far as the files tell. */
function mediaOfAttempt(files: readonly RunFile[], number: number): number {
  const pieces = countedFiles(files).flatMap((file) => file.pieces ?? [file]);
  return pieces.reduce((sum, piece) => sum + (piece.attempt === number ? piece.durationSeconds : 0), 0);
}

/** Media of what runs before this one recorded: where its own begins. */
function mediaBefore(files: readonly RunFile[], attempts: Attempts, number: number): number {
  return attempts
    .filter((attempt) => attempt.number < number)
    .reduce((sum, attempt) => sum + mediaOfAttempt(files, attempt.number), 0);
}

/** By the clock, when the last picture was captured that a run left: its end may have come long after. */
function mediaEnd(report: RunReport, files: readonly RunFile[], number: number): number {
  const away = [...report.gaps, ...report.pauses].reduce(
    (sum, { durationSeconds }) => sum + durationSeconds,
    0,
  );
  const seconds = mediaOfAttempt(files, number) + away;
  return Math.min(Date.parse(report.startTime ?? report.time) + seconds * 1000, Date.parse(report.time));
}

const recordsOnly = (attempts: Attempts) => attempts.filter(({ mode }) => (mode ?? 'Record') === 'Record');

/**
 * Gaps that runs report, and those between runs: from the last picture that is left of one that broke off to the first
 * of the next one that recorded. All at the recording's media time.
 */
export function gapsOf(reports: readonly RunReport[], attempts: Attempts): RunGap[] {
  const { files } = readHistory(reports, attempts);
  const gaps: RunGap[] = [];
  let last: { readonly time: number; readonly reason: RunGap['reason'] } | undefined;
  for (const { number, reason } of recordsOnly(attempts)) {
    const report = reportOf(reports, number);
    if (report?.startTime === undefined) continue;
    const offset = mediaBefore(files, attempts, number);
    if (last !== undefined) {
      const away = (Date.parse(report.startTime) - last.time) / 1000;
      gaps.push({
        startSeconds: offset,
        durationSeconds: report.missingSeconds ?? Math.max(0, away),
        reason: last.reason,
      });
    }
    gaps.push(...report.gaps.map((gap) => ({ ...gap, startSeconds: gap.startSeconds + offset })));
    last = {
      time: mediaEnd(report, files, number),
      reason: reason === 'NodeLost' ? 'NodeLost' : 'Interrupted',
    };
  }
  return gaps;
}

/** Pauses of all runs, at the recording's media time. */
export function pausesOf(reports: readonly RunReport[], attempts: Attempts): RunReport['pauses'] {
  const { files } = readHistory(reports, attempts);
  return recordsOnly(attempts).flatMap(({ number }) => {
    const offset = mediaBefore(files, attempts, number);
    return (reportOf(reports, number)?.pauses ?? []).map((pause) => ({
      ...pause,
      startSeconds: pause.startSeconds + offset,
    }));
  });
}

/** Notices of the runs, the newest of each reason; what was so for a while only as long as its run goes on. */
function noticesOf(reports: readonly RunReport[], newest: RunReport): RunNotice[] {
  const all = reports.flatMap((report) =>
    report.notices.filter(
      ({ reason }) =>
        !passingNotices.includes(reason) || (report.id === newest.id && report.result === undefined),
    ),
  );
  const byReason = new Map(all.map((notice) => [notice.reason, notice.message.slice(0, 1024)]));
  return [...byReason].map(([reason, message]) => ({ reason, message }));
}

/** The status with what the runs have said in place of what they had said before. */
export function statusOfRuns(
  reports: readonly RunReport[],
  attempts: Attempts,
  storages: readonly ExternalStorage[],
  before: RecordingStatus,
): RecordingStatus {
  const history = readHistory(reports, attempts);
  const { newest } = history;
  if (newest === undefined) return before;
  const { notices: _notices, gaps: _gaps, pauses: _pauses, storages: _storages, ...kept } = before;
  const recordings = attempts
    .filter(({ mode }) => mode !== 'Remove')
    .flatMap(({ number }) => reportOf(reports, number) ?? []);
  const pauses = pausesOf(reports, attempts);
  const gaps = gapsOf(reports, attempts);
  const notices = noticesOf(recordings, newest);
  // A run may have fallen back to another storage than the first choice; of copies the first is named.
  const last = history.files.findLast(({ copy }) => (copy ?? 1) === 1);
  const used = storages.find(({ metadata }) => metadata.name === last?.storage);
  return {
    ...kept,
    ...(used === undefined ? {} : { storage: storageSummary(used) }),
    ...(history.startTime === undefined ? {} : { startTime: history.startTime }),
    duration: formatSeconds(history.mediaSeconds),
    progress: {
      bytesRecorded: newest.progress.bytesRecorded,
      bytesUploaded: newest.progress.bytesUploaded,
      lag: formatSeconds(newest.progress.lagSeconds),
      // A rate of something that has ended would be a lie.
      ...(newest.result === undefined && !isFinalPhase(before.phase)
        ? { bitrate: Math.round(newest.progress.bitrate) }
        : {}),
      time: newest.time,
    },
    ...(newest.storages === undefined || newest.storages.length === 0
      ? {}
      : { storages: newest.storages.slice(0, maxRunStorages).map(storageFare) }),
    outputs: outputsOf(history.files, storages, before.outputs ?? []),
    ...(gaps.length === 0
      ? {}
      : {
          gaps: gaps.slice(0, maxGaps).map((gap) => ({
            start: formatSeconds(gap.startSeconds),
            duration: formatSeconds(gap.durationSeconds),
            reason: gap.reason,
          })),
        }),
    ...(pauses.length === 0
      ? {}
      : {
          pauses: pauses.slice(0, maxGaps).map((pause) => ({
            start: formatSeconds(pause.startSeconds),
            duration: formatSeconds(pause.durationSeconds),
          })),
        }),
    ...(notices.length === 0 ? {} : { notices: notices.slice(0, maxNotices) }),
  };
}

function storageFare({
  name,
  bytesStored,
  away,
}: RunStorageState): NonNullable<RecordingStatus['storages']>[number] {
  if (away === undefined) return { name, bytesUploaded: bytesStored };
  const { since, code, message } = away;
  return {
    name,
    bytesUploaded: bytesStored,
    away: { since, reason: code.slice(0, 64), message: message.slice(0, 1024) },
  };
}

/** The complete files, as people look for them: with the storage's prefix before the key. */
function outputsOf(
  files: readonly RunFile[],
  storages: readonly ExternalStorage[],
  before: readonly RecordingOutput[],
): RecordingOutput[] {
  return files
    .filter((file) => file.state === 'Complete')
    .slice(0, maxOutputs)
    .map((file): RecordingOutput => {
      const storage = storages.find(({ metadata }) => metadata.name === file.storage);
      const known = before.find(({ key, storage: name }) => name === file.storage && key.endsWith(file.key));
      // The storage may be gone by now; where the file lies was said while it was there.
      const key =
        storage === undefined
          ? (known?.key ?? file.key)
          : joinKey(normalizePrefix(storage.spec.prefix), file.key);
      return {
        type: 'File',
        key,
        ...(file.url === undefined ? {} : { url: file.url }),
        bytes: file.bytes,
        duration: formatSeconds(file.durationSeconds),
        ...(file.crc32 === undefined ? {} : { crc32: file.crc32 }),
        storage: file.storage,
        segment: file.segment,
      };
    });
}
