import type {
  CopySpec,
  RunFile,
  RunNotice,
  RunReport,
  RunResult,
  RunState,
  UploadJournal,
} from '@tapedeck/core';
import { createBitrateMeter } from '../bitrate-meter.ts';

/** Notices beyond these are dropped: the report travels every second and has to stay small. */
const maxNotices = 16;
/** Characters of a notice of several files; those beyond are dropped, for a status takes no more. */
const maxNoticeLength = 1024;

/** All that the reports of a copy are made from: one file for each that is copied, in order, as far as it has begun. */
export interface CopyBook {
  state: RunState;
  result: RunResult | undefined;
  /** What there is of the copy of that key. */
  file(key: string): RunFile | undefined;
  /** Puts it in the place of what was there; undefined: there is nothing any more. */
  setFile(key: string, file: RunFile | undefined): void;
  /** Bytes of an open file that its storage holds. */
  setHeld(key: string, bytes: number): void;
  notice(notice: RunNotice): void;
  report(): RunReport;
}

export function createCopyBook(spec: CopySpec): CopyBook {
  const files = new Map(spec.previous.map((file) => [file.key, file]));
  // What an earlier run brought there counts from the beginning: a run that gets no further has brought nothing.
  const held = new Map(spec.previous.map(({ key, journal }) => [key, heldBytes(journal)]));
  const notices = new Map<string, RunNotice>();
  const bitrate = createBitrateMeter();
  const bytesTotal = spec.files.reduce((sum, { sources }) => sum + (sources[0]?.bytes ?? 0), 0);
  let sequence = 0;

  const copied = ({ key, state, bytes }: RunFile) => (state === 'Complete' ? bytes : (held.get(key) ?? 0));
  const all = () => spec.files.flatMap(({ key }) => files.get(key) ?? []);
  const book: CopyBook = {
    state: 'Starting',
    result: undefined,
    file: (key) => files.get(key),
    setFile(key, file) {
      if (file !== undefined) {
        files.set(key, file);
        return;
      }
      files.delete(key);
      held.delete(key);
    },
    setHeld(key, bytes) {
      bitrate.add(Math.max(0, bytes - (held.get(key) ?? bytes)), performance.now());
      held.set(key, bytes);
    },
    notice(notice) {
      const { reason, message } = notice;
      const said = notices.get(reason)?.message;
      if (said === undefined && notices.size >= maxNotices) return;
      // A reason is told once: what is said of several files stands in one message.
      const all = said === undefined || said.includes(message) ? (said ?? message) : `${said} ${message}`;
      if (said === undefined || all.length <= maxNoticeLength) notices.set(reason, { reason, message: all });
    },
    report() {
      sequence += 1;
      return {
        version: 1,
        id: spec.id,
        sequence,
        time: new Date().toISOString(),
        state: book.state,
        progress: {
          durationSeconds: all().reduce((sum, { durationSeconds }) => sum + durationSeconds, 0),
          bytesRecorded: bytesTotal,
          bytesUploaded: all().reduce((sum, file) => sum + copied(file), 0),
          lagSeconds: 0,
          bitrate: bitrate.read(performance.now()),
        },
        files: all(),
        gaps: [],
        pauses: [],
        notices: [...notices.values()],
        ...(book.result === undefined ? {} : { result: book.result }),
      };
    },
  };
  return book;
}

function heldBytes(journal: UploadJournal | undefined): number {
  return (journal?.parts ?? []).reduce((sum, { size }) => sum + size, 0);
}
