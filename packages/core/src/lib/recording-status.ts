import { z } from 'zod';
import { condition, duration, name } from './resource.ts';

export const recordingStopReason = z.enum([
  'Requested',
  'Elapsed',
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

const time = z.iso.datetime().max(64);

export const recordingOutput = z.object({
  type: z.enum(['File']).describe('What it is.'),
  key: z.string().max(1024).describe('Where it is, prefix included.'),
  url: z.string().max(4096).optional().describe('The same for people: s3://bucket/key, file:///….'),
  bytes: z.int().describe('Size in bytes.'),
  duration: duration.describe('Length of the media.'),
  crc32: z.string().max(8).optional().describe('CRC-32 of the whole file, eight hex digits.'),
  storage: name.describe('Name of the ExternalStorage.'),
  segment: z.int().optional().describe('Place in a recording that was split, from 1.'),
});
export type RecordingOutput = z.infer<typeof recordingOutput>;

export const recordingAttempt = z.object({
  number: z.int().describe('From 1.'),
  mode: z
    .enum(['Record', 'Finish', 'Remove'])
    .optional()
    .describe('Record: records. Finish: completes what earlier runs left. Remove: deletes the files.'),
  pod: z.string().max(253).optional().describe('Pod or process it ran as.'),
  node: z.string().max(253).optional().describe('Machine it ran on.'),
  startTime: time.describe('When it was started.'),
  endTime: time.optional().describe('When it ended.'),
  reason: z.string().max(64).optional().describe('How it ended, in one CamelCase word.'),
  message: z.string().max(1024).optional().describe('The same for people.'),
});
export type RecordingAttempt = z.infer<typeof recordingAttempt>;

export const recordingNotice = z.object({
  reason: z.string().max(64).describe('One CamelCase word.'),
  message: z.string().max(1024).describe('The same for people.'),
});
export type RecordingNotice = z.infer<typeof recordingNotice>;

export const recordingStatus = z.object({
  observedGeneration: z.int().optional().describe('Generation of the spec that this is about.'),
  phase: recordingPhase.optional().describe('Where it is in its life; Uploaded and Failed are final.'),
  conditions: z
    .array(condition)
    .max(16)
    .optional()
    .describe('Ready, Reconciling, Stalled, Recording, Uploaded, Complete, Failed.'),
  invokedTime: time.optional().describe('When it was asked for.'),
  startTime: time.optional().describe('Time of the first picture or sound in a file.'),
  stopTime: time.optional().describe('When recording ended; uploading may go on.'),
  duration: duration.optional().describe('Media in the files; pauses and gaps taken off.'),
  startReason: z.enum(['ApiCall', 'RecordOnStart']).optional().describe('Why it started.'),
  stopReason: recordingStopReason.optional().describe('Why it ended.'),
  storage: z
    .object({
      name: name.describe('Name of the ExternalStorage.'),
      bucket: z.string().max(4096).optional().describe('Bucket, container, Space or directory.'),
      provider: z.string().max(32).describe('Service.'),
    })
    .optional()
    .describe('Where it goes.'),
  keyBase: z
    .string()
    .max(1024)
    .optional()
    .describe('Key of the first file below the storage’s prefix and without its extension; fixed once.'),
  profile: z
    .object({
      name: name.describe('Name of the RecordingProfile.'),
      spec: z.string().max(65_536).describe('Its spec, as JSON, when the recording began.'),
    })
    .optional()
    .describe('The profile as it was when the recording began: later edits do not touch a recording.'),
  progress: z
    .object({
      bytesRecorded: z.number().describe('Bytes in the files.'),
      bytesUploaded: z.number().describe('Of these, held by the storage.'),
      lag: duration.describe('Age of the oldest byte that the storage does not hold.'),
      bitrate: z.number().optional().describe('Bits per second, lately.'),
      time: time.describe('When this was so.'),
    })
    .optional()
    .describe('How far it is.'),
  storages: z
    .array(
      z.object({
        name: name.describe('Name of the ExternalStorage.'),
        bytesUploaded: z.number().describe('Bytes of the files that are being recorded, held there.'),
        away: z
          .object({
            since: time.describe('Since when it takes nothing.'),
            reason: z.string().max(64).describe('Why, in one CamelCase word.'),
            message: z.string().max(1024).describe('The same for people.'),
          })
          .optional()
          .describe('Present while it takes nothing: what it lacks is kept on scratch.'),
      }),
    )
    .max(4)
    .optional()
    .describe('How each storage of the recording fares, until it is over.'),
  outputs: z.array(recordingOutput).max(1024).optional().describe('The files, in order.'),
  gaps: z
    .array(
      z.object({
        start: duration.describe('Where in the recording.'),
        duration: duration.describe('How much real time is missing.'),
        reason: z.string().max(64).describe('Why, in one CamelCase word.'),
      }),
    )
    .max(256)
    .optional()
    .describe('What is missing.'),
  pauses: z
    .array(
      z.object({
        start: duration.describe('Where in the recording.'),
        duration: duration.describe('How long it was paused.'),
      }),
    )
    .max(256)
    .optional()
    .describe('Pauses that were asked for.'),
  notices: z.array(recordingNotice).max(32).optional().describe('What is not as expected, and no failure.'),
  attempts: z.array(recordingAttempt).max(128).optional().describe('Runs, in order.'),
});
export type RecordingStatus = z.infer<typeof recordingStatus>;
