import { z } from 'zod';
import { recordingDefaults } from './recording.ts';
import { objectMeta } from './resource.ts';

export const recordingProfile = z.object({
  apiVersion: z.literal('tapedeck.dev/v1alpha1'),
  kind: z.literal('RecordingProfile'),
  metadata: objectMeta,
  spec: z.object(recordingDefaults),
  status: z.object({ observedGeneration: z.int().optional() }).optional(),
});
export type RecordingProfile = z.infer<typeof recordingProfile>;
