import type { Recording, RecordingCopy, RecordingCopyStatus } from '@tapedeck/core';
import type { Decision, RunKnowledge } from './recording-snapshot.ts';

/** All that is known when a copy is decided upon. */
export interface CopySnapshot extends RunKnowledge {
  readonly copy: RecordingCopy;
  /** Whose files are copied; read only until the copy begins. */
  readonly recording?: Recording | undefined;
}

/** What is to be done about a copy; effects as of a recording. */
export type CopyDecision = Decision<RecordingCopyStatus>;
