import { z } from 'zod';
import { type ExitName, exitCodes } from './exit-code.ts';
import { audioSpec, videoSpec } from './recording-media.ts';
import { pageStart } from './recording-page.ts';
import { recordingStopReason } from './recording-status.ts';
import { runFile } from './run-file.ts';
import { maxRunStorages, runCredentials, runStorage } from './run-storage.ts';

/**
 * The contract between whoever launches a run (local mode, the operator) and the recorder: a spec goes in,
 * reports come out, and each report's answer carries the state that is wanted. Times are ISO 8601 in UTC,
 * durations are seconds, sizes are bytes.
 */

/** A source with everything resolved: templates filled, secrets put in. */
export const runSource = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('Stream'),
    /** Empty where `urlFile` says it. */
    url: z.string(),
    /** A mounted Secret's value: who launches the run does not see it. */
    urlFile: z.string().optional(),
    /** How long a source that was there may be away before the recording ends. */
    lostTimeoutSeconds: z.number().positive(),
    /** How long to wait for the first media. */
    startTimeoutSeconds: z.number().positive(),
  }),
  z.object({
    type: z.literal('Page'),
    url: z.string(),
    /** How long it may take until it is recorded. */
    readyTimeoutSeconds: z.number().positive(),
    startWhen: pageStart,
    language: z.string().optional(),
    timeZone: z.string().optional(),
    headers: runCredentials,
    cookies: runCredentials,
    localStorage: runCredentials,
  }),
  z.object({ type: z.literal('TestCard') }),
]);

export const runSpec = z.object({
  version: z.literal(1),
  /**
   * `Record`: a new attempt. `Finish`: nothing is recorded; what earlier attempts left is completed and joined.
   * `Remove`: the objects of `previous` are deleted.
   */
  mode: z.enum(['Record', 'Finish', 'Remove']),
  /** Unique per attempt: `<uid>-<attempt>`. */
  id: z.string(),
  recording: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
  attempt: z.int().positive(),
  source: runSource,
  video: videoSpec,
  audio: audioSpec,
  /** What is left of the recording's allowance, earlier attempts taken off. */
  maxDurationSeconds: z.number().positive(),
  /** Media after which the recording counts as stopped on request; unlike the limit it may be of any length. */
  stopAfterSeconds: z.number().positive().optional(),
  splitEverySeconds: z.number().positive(),
  durabilitySeconds: z.number().positive(),
  /** In order of preference. */
  storages: z.array(runStorage).min(1).max(maxRunStorages),
  /** `Fallback`: the first of them that takes a file; the next one when it is lost. `Mirror`: all of them. Absent: Fallback. */
  storageMode: z.enum(['Fallback', 'Mirror']).optional(),
  /** How long a storage may be away before the next one is taken. Absent: it is waited for. */
  fallbackAfterSeconds: z.number().positive().optional(),
  /** Key of the first file without its extension, below the storage's prefix: `default/20261121/physics_20261121T090000Z`. */
  keyBase: z.string(),
  /** Files of earlier attempts, oldest first. */
  previous: z.array(runFile),
  /** State that is wanted at the start. */
  desired: z.enum(['Recording', 'Paused', 'Stopped']),
  /** Directory of this recording's own for spooled parts; it outlives the run where the machine does. */
  scratch: z.object({ directory: z.string(), maxBytes: z.int().positive() }),
  /** Absent: nobody listens (a bare run). `url` is http(s)://… or unix:/path/to.sock:/path */
  report: z
    .object({
      url: z.string(),
      tokenFile: z.string().optional(),
      /** Certificates (PEM) that an https address is held to, instead of the system's. */
      caFile: z.string().optional(),
      /** When nobody has answered for this long the run ends as if interrupted, its files complete. Absent: it goes on. */
      awayTimeoutSeconds: z.number().positive().optional(),
    })
    .optional(),
  /** Where every report is written too, atomically. */
  resultFile: z.string().optional(),
  /** A file that is there, of a pod's termination message: the last report is written into it, if it fits. */
  terminationFile: z.string().optional(),
});
export type RunSpec = z.infer<typeof runSpec>;

/**
 * A stretch that is missing from the files: at `startSeconds` of this run's own media (what earlier runs recorded not
 * counted; control adds it), `durationSeconds` of real time went by.
 */
export const runGap = z.object({
  startSeconds: z.number(),
  durationSeconds: z.number(),
  reason: z.enum([
    'SourceLost',
    'EncoderFailed',
    'FormatChanged',
    'PageCrashed',
    'PageHung',
    'BrowserFailed',
    'Interrupted',
    'NodeLost',
  ]),
});
export type RunGap = z.infer<typeof runGap>;

export const runNotice = z.object({
  /** CamelCase: NoAudio, NoVideo, StorageAway, SpoolFull, NotJoined, … */
  reason: z.string(),
  message: z.string(),
});
export type RunNotice = z.infer<typeof runNotice>;

/** How a run fares with one of its storages. */
export const runStorageState = z.object({
  name: z.string(),
  generation: z.int().optional(),
  /** Of the report's files, held there. */
  bytesStored: z.number(),
  /** When it last took something. */
  storedTime: z.string().optional(),
  /** It takes nothing: `since` then, and still so at `time`. A storage that was left for another one stays as it was then. */
  away: z.object({ code: z.string(), message: z.string(), since: z.string(), time: z.string() }).optional(),
});
export type RunStorageState = z.infer<typeof runStorageState>;

/** Reasons of notices that tell how things are at the moment: they say nothing once the run has ended. */
export const passingNotices: readonly string[] = ['StorageAway'];

export const runState = z.enum(['Starting', 'Recording', 'Paused', 'Uploading', 'Ended']);
export type RunState = z.infer<typeof runState>;

/** How a run ended. `exit` names the process's exit code. */
export const runResult = z.object({
  exit: z.enum(Object.keys(exitCodes) as ExitName[]),
  stopReason: recordingStopReason.optional(),
  /** An ErrorCode, when something failed. */
  code: z.string().optional(),
  message: z.string().optional(),
});
export type RunResult = z.infer<typeof runResult>;

/** The whole truth of a run so far, sent again and again: a lost report is made good by the next. */
export const runReport = z.object({
  version: z.literal(1),
  id: z.string(),
  /** Counts up within a run: an older report that arrives late is ignored. */
  sequence: z.int().nonnegative(),
  time: z.string(),
  state: runState,
  /** Capture of the first frame that is in a file. */
  startTime: z.string().optional(),
  /** Media between the last file of the attempt before and this one's first, where the source tells; else the clock does. */
  missingSeconds: z.number().nonnegative().optional(),
  progress: z.object({
    /** Media in the files, pauses and gaps taken off. */
    durationSeconds: z.number(),
    bytesRecorded: z.number(),
    /** Of these, safe in the storage (provisional parts included). */
    bytesUploaded: z.number(),
    /** Age of the oldest recorded byte that the storage does not hold. */
    lagSeconds: z.number(),
    /** Bits per second over the last seconds. */
    bitrate: z.number(),
  }),
  /** This run's files and those of earlier attempts, in order; once joined only what remains. */
  files: z.array(runFile),
  gaps: z.array(runGap),
  /** Likewise at this run's own media time. */
  pauses: z.array(z.object({ startSeconds: z.number(), durationSeconds: z.number() })),
  notices: z.array(runNotice),
  /** Those of its storages that it has put something into, or tried to. */
  storages: z.array(runStorageState).optional(),
  /** Present in the last report. */
  result: runResult.optional(),
});
export type RunReport = z.infer<typeof runReport>;

/** The answer to a report. */
export const runReply = z.object({
  desired: z.enum(['Recording', 'Paused', 'Stopped']),
  /** When to report next; a change of state is reported at once. */
  intervalSeconds: z.number().positive(),
});
export type RunReply = z.infer<typeof runReply>;
