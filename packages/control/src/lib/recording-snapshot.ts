import type {
  ErrorCode,
  ExternalStorage,
  Recording,
  RecordingProfile,
  RecordingStatus,
  RunReport,
} from '@tapedeck/core';
import type { Timing } from './options.ts';
import type { LaunchPlan, RunObservation } from './ports.ts';

/** Why the newest run could not be started, kept until the next try. */
export interface LaunchFailure {
  readonly runId: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly time: Date;
  /** How often in a row, from 1. */
  readonly times: number;
}

/** All that is known when a recording is decided upon. */
export interface RecordingSnapshot extends RunKnowledge {
  readonly recording: Recording;
  /** The profile that the spec names; read only until the recording begins. */
  readonly profile?: RecordingProfile | undefined;
  /** Another recording would get the same file name. */
  readonly sameName: boolean;
  /** When this control process started: before that, nobody could be heard. */
  readonly since: Date;
}

export interface RecordingPolicy {
  readonly timing: Timing;
  readonly defaultStorage?: string | undefined;
}

/** What is to be done besides writing the status, in this order: `before` the write or `after` it. */
export type Effect =
  | { readonly type: 'Launch'; readonly plan: LaunchPlan }
  | { readonly type: 'Terminate'; readonly runId: string }
  /** Storages whose last check is older than `since` are to be checked now. */
  | { readonly type: 'Check'; readonly storages: readonly string[]; readonly since: string }
  /** Frees what the run left. */
  | { readonly type: 'ForgetRun'; readonly runId: string }
  /** Drops the reports: the recording is going. */
  | { readonly type: 'ForgetReports' }
  /** Removes the resource itself. */
  | { readonly type: 'Remove' }
  | {
      readonly type: 'Event';
      readonly event: {
        readonly type: 'Normal' | 'Warning';
        readonly reason: string;
        readonly message: string;
      };
    };

/** What is to be done about a resource, and how it is then. */
export interface Decision<Status> {
  readonly status: Status;
  /** Before the status is written. */
  readonly before: readonly Effect[];
  /** After that. */
  readonly after: readonly Effect[];
  readonly requeueAfterSeconds?: number | undefined;
  /** It waits for what it names: decide again when one of its namespace changes. */
  readonly waits?: boolean;
}

export type RecordingPlan = Decision<RecordingStatus>;

/** What is known of a resource's runs when it is decided upon. */
export interface RunKnowledge {
  /** Every ExternalStorage of the namespace. */
  readonly storages: readonly ExternalStorage[];
  /** The newest report of each run, by run number. */
  readonly reports: readonly RunReport[];
  /** Of the newest run, while it is not known to have ended or what it left waits to be delivered. */
  readonly observation?: RunObservation | undefined;
  readonly launchFailure?: LaunchFailure | undefined;
  readonly now: Date;
}
