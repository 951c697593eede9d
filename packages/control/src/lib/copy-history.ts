import {
  type ExternalStorage,
  formatSeconds,
  joinKey,
  normalizePrefix,
  passingNotices,
  type RecordingCopyStatus,
  type RecordingOutput,
  type RunFile,
  type RunReport,
} from '@tapedeck/core';
import { parseRunId } from './run-id.ts';

const maxNotices = 32;

/** What the newest run has made, and left, of the files. */
export function copiedFiles(reports: readonly RunReport[]): readonly RunFile[] {
  return reports.at(-1)?.files ?? [];
}

/** The status with what the runs have said in place of what they had said before. */
export function statusOfCopy(
  reports: readonly RunReport[],
  storages: readonly ExternalStorage[],
  before: RecordingCopyStatus,
): RecordingCopyStatus {
  const newest = reports.at(-1);
  if (newest === undefined) return before;
  const { notices: _, ...kept } = before;
  const notices = newest.notices
    .filter(({ reason }) => newest.result === undefined || !passingNotices.includes(reason))
    .map(({ reason, message }) => ({ reason, message: message.slice(0, 1024) }));
  return {
    ...kept,
    progress: {
      bytesCopied: newest.progress.bytesUploaded,
      bytesTotal: before.progress?.bytesTotal ?? newest.progress.bytesRecorded,
    },
    outputs: outputsOf(newest.files, storages),
    ...(notices.length === 0 ? {} : { notices: notices.slice(0, maxNotices) }),
  };
}

function outputsOf(files: readonly RunFile[], storages: readonly ExternalStorage[]): RecordingOutput[] {
  return files
    .filter(({ state }) => state === 'Complete')
    .map((file): RecordingOutput => {
      const storage = storages.find(({ metadata }) => metadata.name === file.storage);
      return {
        type: 'File',
        key: joinKey(normalizePrefix(storage?.spec.prefix), file.key),
        ...(file.url === undefined ? {} : { url: file.url }),
        bytes: file.bytes,
        duration: formatSeconds(file.durationSeconds),
        ...(file.crc32 === undefined ? {} : { crc32: file.crc32 }),
        storage: file.storage,
        segment: file.segment,
      };
    });
}

/** How many runs in a row, up to the newest, brought no byte and no file further. */
export function fruitlessRuns(
  reports: readonly RunReport[],
  attempts: readonly { readonly number: number }[],
): number {
  const bytesAfter = (number: number) =>
    reports.findLast(({ id }) => (parseRunId(id)?.number ?? 0) <= number)?.progress.bytesUploaded ?? 0;
  let runs = 0;
  for (const { number } of [...attempts].reverse()) {
    if (bytesAfter(number) > bytesAfter(number - 1)) break;
    runs += 1;
  }
  return runs;
}
