import { z } from 'zod';
import { pathTemplate } from './path-template.ts';
import { recordingChangeRules } from './recording-change.ts';
import { audioSpec, videoSpec } from './recording-media.ts';
import { recordingSource } from './recording-source.ts';
import { recordingStatus } from './recording-status.ts';
import {
  apiVersion,
  duration,
  durationBetween,
  name,
  objectMeta,
  secretKeyRef,
  stringMap,
} from './resource.ts';
import { withRules, withTransitionRules } from './rule.ts';

export const storageSelection = withRules(
  z.object({
    refs: z
      .array(z.object({ name: name.describe('Name of the ExternalStorage, in the same namespace.') }))
      .min(1)
      .max(4)
      .describe('One to four storages, the preferred one first.'),
    mode: z
      .enum(['Fallback', 'Mirror'])
      .optional()
      .describe(
        'Fallback: the next one when one refuses or is away, with all that was recorded. Mirror: into all of them. Absent: Fallback.',
      ),
    fallbackAfter: durationBetween('10s', '24h')
      .optional()
      .describe('How long a storage may be away before the next one is taken; absent: 2m.'),
  }),
  [
    {
      cel: "!has(self.fallbackAfter) || (size(self.refs) > 1 && (!has(self.mode) || self.mode == 'Fallback'))",
      message: 'belongs to mode: Fallback with at least two refs',
      holds: ({ fallbackAfter, mode, refs }) =>
        fallbackAfter === undefined || (mode !== 'Mirror' && Array.isArray(refs) && refs.length > 1),
      path: ['fallbackAfter'],
    },
  ],
);
export type StorageSelection = z.infer<typeof storageSelection>;

const restreamTarget = withRules(
  z.object({
    name: name.describe('Name of the target, for conditions and events.'),
    urlSecretRef: secretKeyRef.optional().describe('Where the address is, stream key included.'),
    url: z.string().max(8192).optional().describe('The address, when nothing in it is secret.'),
  }),
  [
    {
      cel: 'has(self.url) != has(self.urlSecretRef)',
      message: 'must have either url or urlSecretRef',
      holds: (value) => (value.url === undefined) !== (value.urlSecretRef === undefined),
    },
  ],
);

const quantities = stringMap({ entries: 16, key: 253, value: 32 });

/** What a profile can set too. */
export const profileFields = {
  source: recordingSource
    .optional()
    .describe('What is recorded. {room} and {meetingId} in its URL are filled in.'),
  storage: storageSelection
    .optional()
    .describe('Where it goes; absent: the profile’s, then the namespace’s default, then the cluster’s.'),
  video: videoSpec.optional().describe('How the picture is written.'),
  audio: audioSpec.optional().describe('How the sound is written.'),
  restream: z.array(restreamTarget).max(8).optional().describe('Live targets that get the same stream.'),
  hls: z
    .object({
      enabled: z.boolean().optional().describe('Writes HLS beside the file.'),
      segment: durationBetween('1s', '60s').optional().describe('Length of a segment; absent: 6s.'),
      metadata: z.enum(['None', 'ID3']).optional().describe('Timed metadata in the segments.'),
      tar: z.boolean().optional().describe('One tar of it all at the end.'),
    })
    .optional()
    .describe('HLS beside the file.'),
  stills: z
    .object({
      poster: z.boolean().optional().describe('One picture of the recording.'),
      every: durationBetween('1s', '1h').optional().describe('A picture this often.'),
      storyboard: z.boolean().optional().describe('One picture with many small ones, for a seek bar.'),
    })
    .optional()
    .describe('Pictures beside the file.'),
  stopWhen: z
    .object({
      elapsed: durationBetween('1s', '24h')
        .optional()
        .describe(
          'So much has been recorded: a stop asked for in advance (stopReason Elapsed). It may be shorter than maxDuration.',
        ),
      empty: durationBetween('5s', '24h').optional().describe('Nobody has been there for this long.'),
      silent: durationBetween('5s', '24h').optional().describe('Nothing was to be heard for this long.'),
      still: durationBetween('5s', '24h').optional().describe('Nothing moved for this long.'),
    })
    .optional()
    .describe('When it stops by itself.'),
  maxDuration: durationBetween('60s', '24h')
    .optional()
    .describe('It ends when so much has been recorded; pauses and gaps do not count. Absent: 24h.'),
  splitEvery: durationBetween('10s', '24h').optional().describe('A new file starts this often; absent: 2h.'),
  resources: z
    .object({
      requests: quantities.optional().describe('What the scheduler sets aside, e.g. cpu: "1".'),
      limits: quantities.optional().describe('What it may use at most.'),
    })
    .optional()
    .describe('CPU and memory of the recorder’s container.'),
  path: pathTemplate
    .optional()
    .describe('Directory below the storage’s prefix; {namespace}, {date}, … are filled in.'),
};

export const recordingState = z.enum(['Recording', 'Paused', 'Masked', 'Stopped']);

const recordingFields = z.object({
  ...profileFields,
  room: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .describe('What is recorded, for file names: a meeting or call id.'),
  profileRef: z
    .object({ name: name.describe('Name of the RecordingProfile, in the same namespace.') })
    .optional()
    .describe('Defaults for what is absent here. Read once, when the recording starts.'),
  state: recordingState
    .optional()
    .describe('What it should be doing; absent: Recording. Stopped is for good.'),
  durability: durationBetween('1s', '10m')
    .optional()
    .describe('What the storage holds is never older than this; absent: 5s.'),
  fileNamePrefix: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[A-Za-z0-9_]+$/, 'must be letters, digits and underscores only')
    .optional()
    .describe('Put before the file name: letters, digits and underscores.'),
  retries: z.int().min(0).max(100).optional().describe('Attempts after the first; absent: 5.'),
  deletionPolicy: z
    .enum(['Retain', 'Delete'])
    .optional()
    .describe(
      'Delete: deleting the resource deletes the files too; what its storage still keeps after 24 h stays there, and an event says where. Absent: Retain.',
    ),
  retention: duration.optional().describe('The files are deleted after this long; absent: kept.'),
  ttlAfterFinished: duration
    .optional()
    .describe('The resource is deleted this long after its end, never the files; absent: kept.'),
  metadata: stringMap({ entries: 64, key: 128, value: 1024 })
    .optional()
    .describe('Kept with the recording as it is.'),
});

export const recordingSpec = withTransitionRules(
  withRules(recordingFields, [
    {
      cel: 'has(self.source) || has(self.profileRef)',
      message: 'is required where no profileRef brings one',
      holds: (value) => value.source !== undefined || value.profileRef !== undefined,
      path: ['source'],
    },
  ]),
  recordingChangeRules(Object.keys(recordingFields.shape)),
);
export type RecordingSpec = z.infer<typeof recordingSpec>;

export const recording = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('Recording'),
  metadata: objectMeta,
  spec: recordingSpec.describe('The recording that is wanted.'),
  status: recordingStatus.optional().describe('How it goes.'),
});
export type Recording = z.infer<typeof recording>;
