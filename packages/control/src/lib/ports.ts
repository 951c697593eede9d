import type {
  CheckReport,
  CopySpec,
  ExternalStorage,
  ExternalStorageSpec,
  PageSecretField,
  Recording,
  RecordingCopy,
  RecordingProfile,
  RecordingSpec,
  RunReport,
  RunSpec,
} from '@tapedeck/core';

/** The kinds that control reconciles, by the name in a manifest. */
export interface ResourceByKind {
  ExternalStorage: ExternalStorage;
  Recording: Recording;
  RecordingCopy: RecordingCopy;
  RecordingProfile: RecordingProfile;
}
export type Kind = keyof ResourceByKind;

export interface ResourceKey {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}

/** Where resources live: Kubernetes' API server, or local mode's file. */
export interface ResourceStore {
  /** A snapshot; undefined where there is none. */
  get<K extends Kind>(kind: K, namespace: string, name: string): Promise<ResourceByKind[K] | undefined>;
  list<K extends Kind>(kind: K, namespace?: string): Promise<readonly ResourceByKind[K][]>;
  /**
   * Replaces the status of the object with that uid. Writing what is there already costs nothing; an object
   * that is gone or was made anew under the same name is no error.
   */
  writeStatus<K extends Kind>(
    resource: ResourceByKind[K],
    status: NonNullable<ResourceByKind[K]['status']>,
  ): Promise<void>;
  /** Removes the object for good, whatever holds it; gone is no error. */
  remove(key: ResourceKey, uid: string): Promise<void>;
  /** Calls back with the key of whatever changed, once for each that exists at the start; a hint, never the state. */
  watch(onChange: (key: ResourceKey) => void, signal: AbortSignal): void;
}

/** A run spec before whoever launches it has put in what control may not see (secrets) or know (paths). */
export interface RunPlan
  extends Omit<RunSpec, 'source' | 'storages' | 'scratch' | 'report' | 'resultFile' | 'terminationFile'> {
  readonly source:
    | Exclude<RunSpec['source'], { type: 'Stream' | 'Page' }>
    | (Omit<Extract<RunSpec['source'], { type: 'Page' }>, PageSecretField> & {
        /** Names of the Secrets that its headers, cookies and so on come from. */
        readonly secrets: { readonly [field in PageSecretField]?: string };
      })
    | (Omit<Extract<RunSpec['source'], { type: 'Stream' }>, 'url' | 'urlFile'> & {
        /** Either of the two. */
        readonly url?: string;
        readonly urlSecretRef?: { readonly name: string; readonly key: string };
      });
  readonly storages: readonly {
    readonly name: string;
    readonly spec: ExternalStorageSpec;
    readonly generation?: number;
  }[];
  /** CPU and memory as the recording asks for them; absent: what the launcher sets aside by itself. */
  readonly resources?: NonNullable<RecordingSpec['resources']>;
}

/** Likewise of a copy. */
export interface CopyPlan extends Omit<CopySpec, 'storages' | 'report' | 'resultFile' | 'terminationFile'> {
  readonly storages: RunPlan['storages'];
}

/** Anything that is launched and reports. */
export type LaunchPlan = RunPlan | CopyPlan;

/** The resource that a run is for; its uid begins the run's id. */
export function ownerOf(plan: LaunchPlan): RunPlan['recording'] {
  return plan.mode === 'Copy' ? plan.copy : plan.recording;
}

export interface RunObservation {
  /** `Absent`: never launched, or removed. */
  readonly state: 'Absent' | 'Running' | 'Exited';
  readonly exitCode?: number;
  /** Ended by this signal, e.g. SIGKILL. */
  readonly signal?: string;
  /** Why a run that counts as running does not run yet: its image, its node, its Secret. */
  readonly waiting?: { readonly reason: string; readonly message: string };
  /**
   * Why reports in its name were refused lately. They were not proven to be its own, so this is told of a run that is
   * silent, and of no other.
   */
  readonly refused?: { readonly reason: string; readonly message: string };
  /** What ended a run that did not end by itself, where the launcher knows: Evicted, OutOfMemory, NodeLost, … */
  readonly cause?: { readonly reason: string; readonly message: string };
  /** The last report that the run left behind by itself (result file, termination message). */
  readonly report?: RunReport;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly pod?: string;
  readonly node?: string;
  /** Where a person finds what the run could not deliver. */
  readonly scratch?: string;
}

/** Starts runs: child processes in local mode, Jobs on Kubernetes. */
export interface Launcher {
  /**
   * Starts the run unless one of that id was started before. Rejects with `NotFound` (a Secret or a key of it
   * is missing; the message names it) or `InvalidCredentials`.
   */
  launch(plan: LaunchPlan): Promise<void>;
  observe(runId: string): Promise<RunObservation>;
  /** Asks the run to end at once with what it has (SIGTERM); the recording's own stop goes through its desired state. */
  terminate(runId: string): Promise<void>;
  /** Frees what the run left (directories, Jobs); gone is no error. */
  forget(runId: string): Promise<void>;
  /** Calls back with the uid of a recording, or of a copy, one of whose runs started or ended. */
  watch(onChange: (uid: string) => void, signal: AbortSignal): void;
  /** Runs a storage check to its end. Rejections as for `launch`. */
  check(
    plan: {
      readonly id: string;
      readonly namespace: string;
      readonly name: string;
      readonly spec: ExternalStorageSpec;
    },
    signal: AbortSignal,
  ): Promise<CheckReport>;
}

/** The newest report of each run, kept durably: an upload's journal in it outlives the machine that wrote it. */
export interface ReportLedger {
  /** Durable once it resolves. An older sequence than what is kept is ignored. */
  save(recordingUid: string, report: RunReport): Promise<void>;
  /** By attempt, oldest first. */
  load(recordingUid: string): Promise<readonly RunReport[]>;
  forget(recordingUid: string): Promise<void>;
}

export interface Clock {
  now(): Date;
}

/** What people see in `describe` and `kubectl get events`. */
export interface Events {
  record(
    resource: { kind: Kind; namespace: string; name: string; uid: string },
    event: { type: 'Normal' | 'Warning'; reason: string; message: string },
  ): void;
}

/** What operators of Tapedeck read: one event a call, with what it is about as fields; never a secret. */
export interface Log {
  info(event: string, details?: Readonly<Record<string, unknown>>): void;
  warn(event: string, details?: Readonly<Record<string, unknown>>): void;
}
