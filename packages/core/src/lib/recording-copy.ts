import { z } from 'zod';
import { keyPath } from './key-path.ts';
import { isSame } from './recording-change.ts';
import { recordingAttempt, recordingNotice, recordingOutput, recordingPhase } from './recording-status.ts';
import { apiVersion, condition, name, objectMeta } from './resource.ts';
import { withTransitionRules } from './rule.ts';

const changeMessage = 'cannot change once the RecordingCopy exists; delete it first or choose another name';

/** Why a RecordingCopy's spec may not change like that; empty where nothing changes. */
export function recordingCopyChangeProblems(
  old: Readonly<Record<string, unknown>>,
  next: Readonly<Record<string, unknown>>,
): readonly string[] {
  return isSame(old, next) ? [] : [`spec ${changeMessage}`];
}

const recordingCopyFields = z.object({
  recordingRef: z
    .object({ name: name.describe('Name of the Recording, in the same namespace.') })
    .describe('Whose files are copied.'),
  storage: z
    .object({ name: name.describe('Name of the ExternalStorage, in the same namespace.') })
    .describe('Where they are copied to.'),
  directory: keyPath.optional().describe('Directory below the storage’s prefix; absent: as they were.'),
});
export const recordingCopySpec = withTransitionRules(recordingCopyFields, [
  { rule: 'self == oldSelf', message: changeMessage },
]);
export type RecordingCopySpec = z.infer<typeof recordingCopySpec>;

/** One run of a copy. */
export const copyAttempt = recordingAttempt.omit({ mode: true });
export type CopyAttempt = z.infer<typeof copyAttempt>;

export const recordingCopyStatus = z.object({
  observedGeneration: z.int().optional().describe('Generation of the spec that this is about.'),
  phase: recordingPhase.optional().describe('Pending, Uploading, Uploaded or Failed.'),
  conditions: z
    .array(condition)
    .max(16)
    .optional()
    .describe('Ready, Reconciling, Stalled, Complete, Failed.'),
  progress: z
    .object({
      bytesCopied: z.number().describe('Bytes that have arrived.'),
      bytesTotal: z.number().describe('Bytes of all the files.'),
    })
    .optional()
    .describe('How far it is.'),
  recordingUid: z.string().max(64).optional().describe('Which Recording of that name it is.'),
  sources: z
    .array(recordingOutput)
    .max(1024)
    .optional()
    .describe('What is copied: the Recording’s outputs when the copy began.'),
  outputs: z.array(recordingOutput).max(1024).optional().describe('The copies, in order.'),
  notices: z.array(recordingNotice).max(32).optional().describe('What is not as expected, and no failure.'),
  attempts: z.array(copyAttempt).max(128).optional().describe('Runs, in order.'),
});
export type RecordingCopyStatus = z.infer<typeof recordingCopyStatus>;

export const recordingCopy = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('RecordingCopy'),
  metadata: objectMeta,
  spec: recordingCopySpec.describe('The copy that is wanted.'),
  status: recordingCopyStatus.optional().describe('How it goes.'),
});
export type RecordingCopy = z.infer<typeof recordingCopy>;
