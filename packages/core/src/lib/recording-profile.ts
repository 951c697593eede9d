import { z } from 'zod';
import { profileFields } from './recording.ts';
import { apiVersion, objectMeta } from './resource.ts';

export const recordingProfileSpec = z.object(profileFields);
export type RecordingProfileSpec = z.infer<typeof recordingProfileSpec>;

export const recordingProfile = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('RecordingProfile'),
  metadata: objectMeta,
  spec: recordingProfileSpec.describe('Defaults for the recordings that name this profile.'),
  status: z
    .object({ observedGeneration: z.int().optional().describe('Generation of the spec that was seen.') })
    .optional()
    .describe('What was seen.'),
});
export type RecordingProfile = z.infer<typeof recordingProfile>;
