import type { CheckReport, ErrorCode, TapedeckError } from '@tapedeck/core';

export type CheckStep = CheckReport['steps'][number];

/** What may be said of a storage at all: a directory has no region, and most buckets no key of KMS. */
export interface StepScope {
  readonly regional: boolean;
  readonly kms: boolean;
}

/** In the order in which a service makes up its mind. */
const writeStages = ['Authenticate', 'Bucket', 'Region', 'Write'] as const;

interface Grade {
  readonly failed: string;
  /** Known to be good all the same. */
  readonly proven: readonly string[];
}

const admitted = ['Authenticate', 'Bucket', 'Region'];

/**
 * One call tells about several things at once: a refused write may mean that nobody knows us, that there is no such
 * bucket, or that we may not write there. Which step failed, and which ones the refusal proves to be good: a service that
 * is not well proves nothing, and one that is asked for another region's bucket has not looked at the key yet.
 */
const grades: Partial<Record<ErrorCode, Grade>> = {
  ClockSkewed: { failed: 'ClockSkew', proven: [] },
  InvalidCredentials: { failed: 'Authenticate', proven: [] },
  StorageUnauthenticated: { failed: 'Authenticate', proven: [] },
  HostKeyRejected: { failed: 'Authenticate', proven: [] },
  WrongRegion: { failed: 'Region', proven: [] },
  BucketNotFound: { failed: 'Bucket', proven: ['Authenticate'] },
  StorageDenied: { failed: 'Write', proven: admitted },
  StorageFull: { failed: 'Write', proven: admitted },
  AlreadyExists: { failed: 'Write', proven: admitted },
  EncryptionKeyDenied: { failed: 'KMS', proven: admitted },
};

/** The steps that a write, good or failed, has decided. Only the one that failed, or Write, took time of its own. */
export function gradeWrite(
  error: TapedeckError | undefined,
  durationSeconds: number,
  scope: StepScope,
): CheckStep[] {
  const passed = (names: readonly string[]) =>
    names
      .filter((name) => name !== 'Region' || scope.regional)
      .map((name) => step(name, true, undefined, name === 'Write' ? durationSeconds : 0));
  if (error === undefined) return passed(writeStages);
  const { failed, proven } = grades[error.code] ?? { failed: 'Write', proven: [] };
  return [...passed(proven), step(failed, true, error, durationSeconds)];
}

/** Which step a configuration fails that was never tried. */
export function configurationStep({ code }: TapedeckError): string {
  return code === 'InvalidCredentials' || code === 'StorageUnauthenticated' ? 'Authenticate' : 'Configure';
}

export function step(
  name: string,
  required: boolean,
  error: TapedeckError | undefined,
  durationSeconds: number,
  remark = '',
): CheckStep {
  return { name, passed: error === undefined, required, durationSeconds, message: error?.message ?? remark };
}

/** Why recordings may not go there, from the first required step that failed. */
export function verdict(
  failure: TapedeckError | undefined,
  url: string,
): Pick<CheckReport, 'ready' | 'reason' | 'message'> {
  if (failure === undefined) return { ready: true, reason: 'Ready', message: `Recordings can go to ${url}.` };
  return { ready: false, reason: failure.code, message: failure.message };
}
