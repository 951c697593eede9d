import type {
  ExternalStorage,
  Recording,
  RecordingCopy,
  RecordingCopyStatus,
  RunReport,
} from '@tapedeck/core';
import type { RunObservation } from './ports.ts';
import type { Effect, LaunchFailure } from './recording-snapshot.ts';

/** All that is known when a copy is decided upon. */
export interface CopySnapshot {
  readonly copy: RecordingCopy;
  /** Whose files are copied; read only until the copy begins. */
  readonly recording?: Recording | undefined;
  /** Every ExternalStorage of the namespace. */
  readonly storages: readonly ExternalStorage[];
  /** The newest report of each run, by run number. */
  readonly reports: readonly RunReport[];
  /** Of the newest run, while it is not known to have ended. */
  readonly observation?: RunObservation | undefined;
  readonly launchFailure?: LaunchFailure | undefined;
  readonly now: Date;
}

/** What is to be done about a copy; effects as of a recording. */
export interface CopyDecision {
  readonly status: RecordingCopyStatus;
  /** Before the status is written. */
  readonly before: readonly Effect[];
  /** After that. */
  readonly after: readonly Effect[];
  readonly requeueAfterSeconds?: number | undefined;
  /** It waits for its recording or a storage: decide again when one of its namespace changes. */
  readonly waits?: boolean;
}
