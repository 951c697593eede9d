import type { RecordingStopReason, RunSpec } from '@tapedeck/core';

/** The nearer of the two ends that are counted in recorded media, in seconds. */
export function recordingLimit(spec: Pick<RunSpec, 'stopAfterSeconds' | 'maxDurationSeconds'>): {
  readonly seconds: number;
  readonly reason: RecordingStopReason;
} {
  const asked = spec.stopAfterSeconds ?? Number.POSITIVE_INFINITY;
  if (asked <= spec.maxDurationSeconds) return { seconds: asked, reason: 'Elapsed' };
  return { seconds: spec.maxDurationSeconds, reason: 'MaxDuration' };
}
