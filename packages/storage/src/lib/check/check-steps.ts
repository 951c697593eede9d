import type { CheckReport, ErrorCode, TapedeckError } from '@tapedeck/core';

export type CheckStep = CheckReport['steps'][number];

/**
 * One call tells about several things at once: a refused write may mean that nobody knows us, that there is no
 * such bucket, or that we may not write there. In this order; each step is known to be good when a later one
 * failed.
 */
const writeStages: readonly { readonly name: string; readonly codes: readonly ErrorCode[] }[] = [
  { name: 'Authenticate', codes: ['StorageUnauthenticated', 'ClockSkewed'] },
  { name: 'Bucket', codes: ['BucketNotFound', 'WrongRegion'] },
];

/** The steps that a write, good or failed, has decided. Only the last one took time of its own. */
export function gradeWrite(error: TapedeckError | undefined, durationSeconds: number): CheckStep[] {
  const failedAt = writeStages.findIndex(({ codes }) => error !== undefined && codes.includes(error.code));
  const stages = failedAt === -1 ? writeStages : writeStages.slice(0, failedAt);
  const passed = stages.map(({ name }) => step(name, true, undefined, 0));
  const last = failedAt === -1 ? 'Write' : (writeStages[failedAt]?.name ?? 'Write');
  return [...passed, step(last, true, error, durationSeconds)];
}

export function step(
  name: string,
  required: boolean,
  error: TapedeckError | undefined,
  durationSeconds: number,
): CheckStep {
  return { name, passed: error === undefined, required, durationSeconds, message: error?.message ?? '' };
}

/** Why recordings may not go there, from the first required step that failed. */
export function verdict(
  failure: TapedeckError | undefined,
  url: string,
): Pick<CheckReport, 'ready' | 'reason' | 'message'> {
  if (failure === undefined) return { ready: true, reason: 'Ready', message: `Recordings can go to ${url}.` };
  return { ready: false, reason: failure.code, message: failure.message };
}
