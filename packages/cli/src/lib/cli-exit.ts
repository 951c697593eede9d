import { type ErrorCode, TapedeckError } from '@tapedeck/core/error';

/** How the command ends. Scripts rely on these. */
export const cliExitCodes = {
  /** What was asked is done. */
  Done: 0,
  /** It failed, or a Recording did. */
  Failed: 1,
  /** The command line or a manifest is wrong. */
  Usage: 2,
  NotFound: 3,
  Denied: 4,
  TimedOut: 5,
  /** Ctrl-C: recordings were stopped and completed first, unless a second one came. */
  Interrupted: 130,
} as const;

export type CliExitCode = (typeof cliExitCodes)[keyof typeof cliExitCodes];

/** The same for people, as the help and its page say it. */
const meanings: Readonly<Record<keyof typeof cliExitCodes, string>> = {
  Done: 'done',
  Failed: 'it failed, or a Recording did',
  Usage: 'the command line, a manifest, a source or credentials are wrong, or it is not available',
  NotFound: 'what was named is not there',
  Denied: 'a storage, a key, a source or a cluster denies it',
  TimedOut: 'nothing came in time',
  Interrupted: 'Ctrl-C, or what was asked was aborted',
};

/** Code and meaning, in order. */
export const exitMeanings: readonly (readonly [code: CliExitCode, meaning: string])[] = Object.entries(
  meanings,
).map(([name, meaning]) => [cliExitCodes[name as keyof typeof meanings], meaning]);

const byError: Partial<Record<ErrorCode, CliExitCode>> = {
  InvalidManifest: cliExitCodes.Usage,
  InvalidSource: cliExitCodes.Usage,
  InvalidCredentials: cliExitCodes.Usage,
  NotSupported: cliExitCodes.Usage,
  NotFound: cliExitCodes.NotFound,
  SourceNotFound: cliExitCodes.NotFound,
  BucketNotFound: cliExitCodes.NotFound,
  SourceDenied: cliExitCodes.Denied,
  StorageDenied: cliExitCodes.Denied,
  EncryptionKeyDenied: cliExitCodes.Denied,
  StorageUnauthenticated: cliExitCodes.Denied,
  HostKeyRejected: cliExitCodes.Denied,
  ClusterDenied: cliExitCodes.Denied,
  StorageTimeout: cliExitCodes.TimedOut,
  Aborted: cliExitCodes.Interrupted,
};

export function cliExitOf(error: unknown): CliExitCode {
  return byError[TapedeckError.from(error).code] ?? cliExitCodes.Failed;
}

/** Of a condition's reason; undefined where the table has no code of its own for it. */
export function cliExitOfReason(reason: string): CliExitCode | undefined {
  return Object.hasOwn(byError, reason) ? byError[reason as ErrorCode] : undefined;
}
