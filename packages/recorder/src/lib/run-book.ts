import {
  countedFiles,
  type RunFile,
  type RunGap,
  type RunNotice,
  type RunReport,
  type RunResult,
  type RunSpec,
  type RunState,
  type SourceEnd,
  type TapedeckError,
} from '@tapedeck/core';

import type { UploadProgress } from '@tapedeck/storage';
import { type BitrateMeter, createBitrateMeter } from './bitrate-meter.ts';
import { createStorageWatch } from './storage-watch.ts';

/** Notices beyond these are dropped: the report travels every second and has to stay small. */
const maxNotices = 16;
/** Likewise; a source that flaps for hours is told by its first gaps and their number in the log. */
const maxGaps = 200;

/** A file as it stands now; `progress` while its upload is open. */
export interface TrackedFile {
  readonly file: RunFile;
  readonly progress: UploadProgress | undefined;
}

/** All that the reports of a run are made from. */
export interface RunBook {
  state: RunState;
  startTime: string | undefined;
  result: RunResult | undefined;
  /** In order; earlier attempts' first. */
  files: readonly TrackedFile[];
  readonly bitrate: BitrateMeter;
  /** Of the last of this run's files. */
  sourceEnd: SourceEnd | undefined;
  missingSeconds: number | undefined;
  addGap(gap: RunGap): void;
  addPause(pause: { startSeconds: number; durationSeconds: number }): void;
  /** The same reason again replaces its message. */
  notice(notice: RunNotice): void;
  withdraw(reason: string): void;
  /** A storage was given up for another one. */
  lose(storage: string, error: TapedeckError): void;
  report(): RunReport;
}

export function createRunBook(spec: RunSpec): RunBook {
  const gaps: RunGap[] = [];
  const pauses: { startSeconds: number; durationSeconds: number }[] = [];
  const notices = new Map<string, RunNotice>();
  const storages = createStorageWatch(spec);
  let sequence = 0;

  const book: RunBook = {
    state: 'Starting',
    startTime: undefined,
    result: undefined,
    files: spec.previous.map((file) => ({ file, progress: undefined })),
    bitrate: createBitrateMeter(),
    sourceEnd: undefined,
    missingSeconds: undefined,
    addGap(gap) {
      if (gaps.length < maxGaps) gaps.push(gap);
    },
    addPause(pause) {
      if (pauses.length < maxGaps) pauses.push(pause);
    },
    notice(notice) {
      if (notices.has(notice.reason) || notices.size < maxNotices) notices.set(notice.reason, notice);
    },
    withdraw(reason) {
      notices.delete(reason);
    },
    lose(storage, error) {
      storages.lose(storage, error, new Date());
    },
    report() {
      sequence += 1;
      const now = new Date();
      return {
        version: 1,
        id: spec.id,
        sequence,
        time: now.toISOString(),
        state: book.state,
        ...(book.startTime === undefined ? {} : { startTime: book.startTime }),
        progress: sumProgress(book.files, book.bitrate),
        ...(book.missingSeconds === undefined ? {} : { missingSeconds: book.missingSeconds }),
        files: withSourceEnd(
          book.files.map((tracked) => tracked.file),
          spec.attempt,
          book.sourceEnd,
        ),
        gaps: [...gaps],
        pauses: [...pauses],
        notices: [...notices.values(), ...storageTrouble(book.files, spec.storages.length)],
        storages: storages.read(book.files, now),
        ...(book.result === undefined ? {} : { result: book.result }),
      };
    },
  };
  return book;
}

/** Only an open file may be gone on from. */
function withSourceEnd(files: RunFile[], attempt: number, sourceEnd: SourceEnd | undefined): RunFile[] {
  const last = files.at(-1);
  if (sourceEnd === undefined || last?.attempt !== attempt || last.state !== 'Open') return files;
  return [...files.slice(0, -1), { ...last, sourceEnd }];
}

function sumProgress(files: readonly TrackedFile[], bitrate: BitrateMeter): RunReport['progress'] {
  const counted = countedFiles(files.map(({ file, progress }) => ({ ...file, file, progress })));
  const sum = { durationSeconds: 0, bytesRecorded: 0, bytesUploaded: 0, lagSeconds: 0 };
  for (const { progress } of files) sum.lagSeconds = Math.max(sum.lagSeconds, progress?.lagSeconds ?? 0);
  for (const { file, progress } of counted) {
    sum.durationSeconds += file.durationSeconds;
    sum.bytesRecorded += progress?.bytesAppended ?? file.bytes;
    sum.bytesUploaded += progress?.bytesStored ?? (file.state === 'Complete' ? file.bytes : 0);
  }
  return { ...sum, bitrate: bitrate.read(performance.now()) };
}

/** Said as long as it lasts: recording goes on, and this is why an upload does not. Storages are named where there are several. */
function storageTrouble(files: readonly TrackedFile[], storages: number): RunNotice[] {
  const away = files.flatMap(({ file, progress }) =>
    progress?.trouble === undefined
      ? []
      : [{ storage: file.storage, spooled: progress.bytesSpooled, trouble: progress.trouble }],
  );
  if (away.length === 0) return [];
  const told = [...Map.groupBy(away, ({ storage }) => storage)].map(([storage, files]) => {
    const spooled = files.reduce((sum, file) => sum + file.spooled, 0);
    const sinceMs = Math.min(...files.map(({ trouble }) => trouble.sinceMs));
    const what = `${files[0]?.trouble.message ?? ''} ${spooled} bytes wait on scratch`;
    return `Since ${new Date(sinceMs).toISOString()}${storages > 1 ? `, ${storage}` : ''}: ${what}`;
  });
  return [{ reason: 'StorageAway', message: `${told.join('. ')}; recording goes on.` }];
}
