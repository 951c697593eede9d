import { z } from 'zod';
import { type ExitName, exitCodes } from './exit-code.ts';
import { externalStorageSpec, storageCapabilities } from './external-storage.ts';
import { audioSpec, videoSpec } from './recording-media.ts';
import { pageStart } from './recording-page.ts';
import { recordingStopReason } from './recording-status.ts';

/**
 * The contract between whoever launches a run (local mode, the operator) and the recorder: a spec goes in,
 * reports come out, and each report's answer carries the state that is wanted. Times are ISO 8601 in UTC,
 * durations are seconds, sizes are bytes.
 */

/** Credentials as the recorder gets them: in the spec itself (local mode, over stdin only) or as mounted files. */
export const runCredentials = z.discriminatedUnion('type', [
  z.object({ type: z.literal('None') }),
  z.object({ type: z.literal('Inline'), values: z.record(z.string(), z.string()) }),
  z.object({ type: z.literal('Directory'), path: z.string() }),
]);
export type RunCredentials = z.infer<typeof runCredentials>;

export const runStorage = z.object({
  name: z.string(),
  spec: externalStorageSpec,
  /** Of the ExternalStorage that the spec is of, given back in reports: what is said about an older one may be untrue by now. */
  generation: z.int().optional(),
  credentials: runCredentials,
});
export type RunStorage = z.infer<typeof runStorage>;

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

const journalPart = z.object({
  number: z.int().positive(),
  offset: z.number(),
  size: z.number(),
  receipt: z.unknown(),
  /** Over its bytes, eight hex digits; of copies, which go on from it without reading the part again. */
  crc32: z.string().optional(),
});

/**
 * What another process needs to complete an upload: the driver's token, opaque and without secrets, and a
 * receipt per part. Made durable before the first part is sent; some hundred bytes plus a line a part.
 */
export const uploadJournal = z.object({
  version: z.literal(1),
  /** Name of the storage in the run spec. */
  storage: z.string(),
  key: z.string(),
  contentType: z.string(),
  token: z.unknown(),
  /** As the storage's last answers say. */
  parts: z.array(journalPart),
  /**
   * Puts on their way that were not answered (yet), with the receipts they will have had if they arrived; of one
   * part the newest first. Absent where there are none, or where the storage's receipts cannot be told before.
   */
  pending: z.array(journalPart).optional(),
});
export type UploadJournal = z.infer<typeof uploadJournal>;

export const runFileState = z.enum(['Open', 'Complete']);

/** How a live source is known again that an attempt was recording. */
export const sourceEnd = z.object({
  /** When the last of it was recorded, ISO 8601. */
  time: z.string(),
  /** Checksums of the source's key frames, at their place in the file. */
  marks: z.array(z.object({ mark: z.string(), seconds: z.number() })),
});
export type SourceEnd = z.infer<typeof sourceEnd>;

/** One object that a run writes, or that an earlier run left. */
export const runFile = z.object({
  /** Place in the split recording, from 1. Attempts that continue a segment share its number. */
  segment: z.int().positive(),
  /** Which attempt wrote it, from 1. */
  attempt: z.int().positive(),
  /** Without the storage's prefix. */
  key: z.string(),
  storage: z.string(),
  state: runFileState,
  bytes: z.number(),
  durationSeconds: z.number(),
  /** While Open: media that the storage holds, all that is left of the file should its run and its scratch be lost now. */
  heldSeconds: z.number().optional(),
  /** Of a file that joins several attempts: how much of it each of them recorded, in order. */
  pieces: z.array(z.object({ attempt: z.int().positive(), durationSeconds: z.number() })).optional(),
  /** Of the file that is written last, where the source is one whose past can be fetched (HLS). */
  sourceEnd: sourceEnd.optional(),
  /** Keys in the same storage that this file took the place of and that are still to be deleted. */
  replaces: z.array(z.string()).optional(),
  /** CRC-32 over the whole object as eight hex digits, once complete. */
  crc32: z.string().optional(),
  /** Where it can be found by a person: s3://bucket/key, file:///… */
  url: z.string().optional(),
  /** Present while Open. */
  journal: uploadJournal.optional(),
  /** Uploads of it in storages that were left for another one, and that nobody has dropped yet. */
  dropped: z.array(uploadJournal).optional(),
  /** Which of several equal files in different storages it is, from 1; absent where there is one. */
  copy: z.int().positive().optional(),
  /** Of a file that a RecordingCopy makes: which version of which object it is read from. */
  copyOf: z.object({ storage: z.string(), key: z.string(), etag: z.string().optional() }).optional(),
});
export type RunFile = z.infer<typeof runFile>;

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
  storages: z.array(runStorage).min(1).max(4),
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

/** One file that a copy makes. */
export const copyFile = z.object({
  segment: z.int().positive(),
  /** Of the copy, without the storage's prefix. */
  key: z.string(),
  durationSeconds: z.number(),
  /** Objects with the same content, in the order in which reading them is tried. */
  sources: z
    .array(
      z.object({
        storage: z.string(),
        /** Without the storage's prefix. */
        key: z.string(),
        bytes: z.number(),
        /** Absent of a file that was completed for a run that was killed. */
        crc32: z.string().optional(),
      }),
    )
    .min(1)
    .max(4),
});
export type CopyFile = z.infer<typeof copyFile>;

/** A run that copies finished files to another storage. It reports like one that records: its files are the copies. */
export const copySpec = z.object({
  version: z.literal(1),
  mode: z.literal('Copy'),
  /** Unique per attempt: `<uid>-<attempt>`, of the copy's own uid. */
  id: z.string(),
  copy: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
  attempt: z.int().positive(),
  /** Name of the storage that is copied to. */
  target: z.string(),
  /** The target and all that is read from. */
  storages: z.array(runStorage).min(1).max(5),
  files: z.array(copyFile).min(1).max(1024),
  /** What earlier attempts made of them: what is complete stays, an open upload is gone on with. */
  previous: z.array(runFile),
  /** `Stopped`: the copy is not wanted any more, and unfinished uploads are dropped. */
  desired: z.enum(['Recording', 'Stopped']),
  report: runSpec.shape.report,
  resultFile: runSpec.shape.resultFile,
  terminationFile: runSpec.shape.terminationFile,
});
export type CopySpec = z.infer<typeof copySpec>;

/** Any document that `recorder run` reads. */
export const runDocument = z.discriminatedUnion('mode', [runSpec, copySpec]);
export type RunDocument = z.infer<typeof runDocument>;

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

/** A storage check, run by the same program with the same mounts and identity as a recording. */
export const checkSpec = z.object({
  version: z.literal(1),
  id: z.string(),
  storage: runStorage,
  /** As for a run: the report goes there too. */
  terminationFile: z.string().optional(),
});
export type CheckSpec = z.infer<typeof checkSpec>;

/** What `recorder check` prints, as one line of JSON, and writes into its termination file. */
export const checkReport = z.object({
  version: z.literal(1),
  id: z.string(),
  time: z.string(),
  durationSeconds: z.number(),
  /** May recordings go there? */
  ready: z.boolean(),
  /** `Ready`, or the ErrorCode of the first step that failed. */
  reason: z.string(),
  message: z.string(),
  /** In order; steps after a failed one that depend on it are left out. */
  steps: z.array(
    z.object({
      /**
       * Configure, Resolve, Connect, TLS, Authenticate, Bucket, Region, Write, Multipart, RewriteFirstPart, Read, List, Delete,
       * Sign, KMS, ClockSkew. One that has no meaning for the storage is left out (a directory has no TLS).
       */
      name: z.string(),
      passed: z.boolean(),
      /** A failed optional step only takes a capability away. */
      required: z.boolean(),
      durationSeconds: z.number(),
      /** What went wrong; of a step that passed, what is worth knowing, mostly nothing. */
      message: z.string(),
    }),
  ),
  capabilities: storageCapabilities,
  endpoint: z.string().optional(),
});
export type CheckReport = z.infer<typeof checkReport>;

/** Longest life of a link in seconds: a signature of AWS's version 4 counts for seven days, and Google's and Azure's follow it. */
export const maxLinkSeconds = 7 * 24 * 60 * 60;

/** Download links that are wanted, made by the program that writes the objects, with the same identity. */
export const linkSpec = z.object({
  version: z.literal(1),
  id: z.string(),
  storage: runStorage,
  /** Of the objects, prefix included. */
  keys: z.array(z.string().min(1)).min(1).max(1024),
  expiresInSeconds: z.int().min(1).max(maxLinkSeconds),
});
export type LinkSpec = z.infer<typeof linkSpec>;

/**
 * What `recorder link` prints, as one line of JSON. Whoever has a signed link has the object: it is shown to who asked
 * and kept nowhere.
 */
export const linkReport = z.object({
  version: z.literal(1),
  id: z.string(),
  /** One a key, in order; none where `error` is there. */
  links: z.array(
    z.object({
      key: z.string(),
      /** Signed: opens for whoever has it, until `expires`. Public: the object's address, open to all. File: a path of this machine. */
      type: z.enum(['Signed', 'Public', 'File']),
      url: z.string(),
      expires: z.string().optional(),
    }),
  ),
  /** What to know about them, for people. */
  notes: z.array(z.string()),
  /** Why there are none, and what to do instead. */
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type LinkReport = z.infer<typeof linkReport>;
