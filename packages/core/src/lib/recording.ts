import { z } from 'zod';
import { condition, duration, name, objectMeta } from './resource.ts';

const secretKeyRef = z.object({ name, key: z.string().min(1).max(253) });

export const recordingSource = z.object({
  type: z.enum(['Page', 'Stream', 'TestCard']),
  page: z
    .object({
      url: z.string().min(1).max(8192),
      headers: z.object({ secretRef: z.object({ name }) }).optional(),
      readyTimeout: duration.optional(),
    })
    .optional(),
  stream: z
    .object({
      url: z.string().min(1).max(8192).optional(),
      urlSecretRef: secretKeyRef.optional(),
      lostTimeout: duration.optional(),
      startTimeout: duration.optional(),
    })
    .optional(),
  testCard: z.object({}).optional(),
});
export type RecordingSource = z.infer<typeof recordingSource>;

const watermark = z.object({
  url: z.string().max(8192),
  position: z.enum(['LeftTop', 'RightTop', 'LeftBottom', 'RightBottom']).optional(),
  width: z.int().min(1).max(4096).optional(),
  height: z.int().min(1).max(4096).optional(),
  margin: z.int().min(0).max(4096).optional(),
  opacity: z.number().min(0).max(1).optional(),
});

/** Every field absent means: as the source has it, or the default for a source without a size of its own. */
export const videoSpec = z.object({
  codec: z.enum(['H264', 'VP8']).optional(),
  /** `Auto` copies a source that already is what was asked. */
  encode: z.enum(['Auto', 'Always']).optional(),
  width: z.int().min(16).max(7680).optional(),
  height: z.int().min(16).max(4320).optional(),
  frameRate: z.number().min(1).max(120).optional(),
  /** Bits per second. */
  bitrate: z.int().min(50_000).max(100_000_000).optional(),
  /** Seconds between key frames, which is the grain of pausing, splitting and of what a kill can cost. */
  keyFrameInterval: duration.optional(),
  exportFile: z.boolean().optional(),
  watermark: watermark.optional(),
});
export type VideoSpec = z.infer<typeof videoSpec>;

export const audioSpec = z.object({
  codec: z.enum(['AAC', 'MP3', 'Vorbis']).optional(),
  channels: z.enum(['Mono', 'Stereo']).optional(),
  bitrate: z.int().min(16_000).max(1_000_000).optional(),
  exportFile: z.boolean().optional(),
});
export type AudioSpec = z.infer<typeof audioSpec>;

export const recordingStopReason = z.enum([
  'Requested',
  'MaxDuration',
  'SourceEnded',
  'Empty',
  'Silent',
  'Still',
  'InternalError',
]);
export type RecordingStopReason = z.infer<typeof recordingStopReason>;

export const recordingPhase = z.enum([
  'Pending',
  'Starting',
  'Recording',
  'Paused',
  'Masked',
  'Uploading',
  'Uploaded',
  'Failed',
]);
export type RecordingPhase = z.infer<typeof recordingPhase>;

export const storageSelection = z.object({
  refs: z.array(z.object({ name })).min(1).max(4),
  mode: z.enum(['Fallback', 'Mirror']).optional(),
});

/** What a profile can set too. */
export const recordingDefaults = {
  source: recordingSource.optional(),
  storage: storageSelection.optional(),
  video: videoSpec.optional(),
  audio: audioSpec.optional(),
  restream: z
    .array(z.object({ name, urlSecretRef: secretKeyRef.optional(), url: z.string().max(8192).optional() }))
    .max(8)
    .optional(),
  hls: z
    .object({
      enabled: z.boolean().optional(),
      segment: duration.optional(),
      metadata: z.enum(['None', 'ID3']).optional(),
      tar: z.boolean().optional(),
    })
    .optional(),
  stills: z
    .object({
      poster: z.boolean().optional(),
      every: duration.optional(),
      storyboard: z.boolean().optional(),
    })
    .optional(),
  stopWhen: z
    .object({
      /** So much has been recorded: a stop that was asked for in advance. Unlike maxDuration it may be short. */
      elapsed: duration.optional(),
      empty: duration.optional(),
      silent: duration.optional(),
      still: duration.optional(),
    })
    .optional(),
  maxDuration: duration.optional(),
  splitEvery: duration.optional(),
  resources: z
    .object({
      requests: z.record(z.string(), z.string()).optional(),
      limits: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  path: z.string().max(512).optional(),
};

export const recordingSpec = z.object({
  ...recordingDefaults,
  room: z.string().min(1).max(128).optional(),
  profileRef: z.object({ name }).optional(),
  state: z.enum(['Recording', 'Paused', 'Masked', 'Stopped']).optional(),
  durability: duration.optional(),
  fileNamePrefix: z
    .string()
    .max(128)
    .regex(/^[A-Za-z0-9_]+$/)
    .optional(),
  retries: z.int().min(0).max(100).optional(),
  deletionPolicy: z.enum(['Retain', 'Delete']).optional(),
  retention: duration.optional(),
  ttlAfterFinished: duration.optional(),
  metadata: z.record(z.string().max(128), z.string().max(1024)).optional(),
});
export type RecordingSpec = z.infer<typeof recordingSpec>;

export const recordingOutput = z.object({
  type: z.enum(['File']),
  key: z.string().max(1024),
  url: z.string().max(4096).optional(),
  bytes: z.int(),
  duration,
  /** Full-object CRC-32, eight hex digits. */
  crc32: z.string().max(8).optional(),
  storage: name,
  segment: z.int().optional(),
});

export const recordingStatus = z.object({
  observedGeneration: z.int().optional(),
  phase: recordingPhase.optional(),
  conditions: z.array(condition).max(16).optional(),
  invokedTime: z.iso.datetime().optional(),
  startTime: z.iso.datetime().optional(),
  stopTime: z.iso.datetime().optional(),
  duration: duration.optional(),
  startReason: z.enum(['ApiCall', 'RecordOnStart']).optional(),
  stopReason: recordingStopReason.optional(),
  storage: z.object({ name, bucket: z.string().optional(), provider: z.string() }).optional(),
  progress: z
    .object({
      bytesRecorded: z.number(),
      bytesUploaded: z.number(),
      lag: duration,
      bitrate: z.number().optional(),
      time: z.iso.datetime(),
    })
    .optional(),
  outputs: z.array(recordingOutput).max(1024).optional(),
  gaps: z
    .array(z.object({ start: duration, duration, reason: z.string().max(64) }))
    .max(256)
    .optional(),
  pauses: z
    .array(z.object({ start: duration, duration }))
    .max(256)
    .optional(),
  notices: z
    .array(z.object({ reason: z.string().max(64), message: z.string().max(1024) }))
    .max(32)
    .optional(),
  attempts: z
    .array(
      z.object({
        number: z.int(),
        pod: z.string().optional(),
        node: z.string().optional(),
        startTime: z.iso.datetime(),
        endTime: z.iso.datetime().optional(),
        reason: z.string().max(64).optional(),
        message: z.string().max(1024).optional(),
      }),
    )
    .max(128)
    .optional(),
});
export type RecordingStatus = z.infer<typeof recordingStatus>;

export const recording = z.object({
  apiVersion: z.literal('tapedeck.dev/v1alpha1'),
  kind: z.literal('Recording'),
  metadata: objectMeta,
  spec: recordingSpec,
  status: recordingStatus.optional(),
});
export type Recording = z.infer<typeof recording>;
