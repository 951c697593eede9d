/**
 * How a recorder process ends, for whoever launched it (a Job's podFailurePolicy, local mode). 0 is given
 * only once everything recorded is complete in the storage: a run that was merely told to go away exits
 * `Interrupted`, so that an eviction never counts as success.
 */
export const exitCodes = {
  /** Every output file is complete. */
  Complete: 0,
  /** The run spec cannot be read or asks for something impossible. Not tried again. */
  Invalid: 64,
  /** The source failed for good before anything was recorded (see the result's code). Not tried again. */
  SourceFailed: 65,
  /** The storage refused for good (denied, missing). Not tried again until a person acts. */
  StorageRefused: 66,
  /** The source did not answer in time, or something inside failed: a next attempt may help. */
  Retry: 75,
  /** Files are safe up to here but not complete (bucket away): a finishing run has to deliver the rest. */
  Undelivered: 76,
  /** SIGTERM or SIGINT before the end: files are complete, the recording is not over. A next attempt goes on. */
  Interrupted: 79,
} as const;

export type ExitName = keyof typeof exitCodes;
