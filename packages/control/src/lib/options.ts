import type { Kind } from './ports.ts';

/** What may be set of control; every time is in seconds. */
export interface ControlOptions {
  /** Name of the ExternalStorage for recordings that name none, where the namespace has no default. */
  readonly defaultStorage?: string;
  /** How often a run reports; also how soon it hears of a change of `spec.state`. */
  readonly reportInterval?: number;
  /** Progress alone is written to a status at most this often; a change of state is written at once. */
  readonly progressInterval?: number;
  /** Recordings reconciled at the same time. */
  readonly concurrency?: number;
  /** Storage checks running at the same time. */
  readonly checkConcurrency?: number;
  readonly timing?: Partial<Timing>;
  /** Called after each look at a resource: how long it took, in seconds, and whether it failed. */
  readonly onReconciled?: (kind: Kind, seconds: number, failed: boolean) => void;
}

/** Waiting times, in seconds, and how often something is tried. */
export interface Timing {
  /** Before the attempt that follows a first broken one: at once. Doubled from the second in a row on. */
  readonly retryDelay: number;
  readonly maxRetryDelay: number;
  /** An attempt that went on for this long was healthy: the count of broken ones in a row starts anew. */
  readonly healthyAfter: number;
  /** Before a run that delivers what is left is tried again; doubled each time. */
  readonly finishDelay: number;
  readonly maxFinishDelay: number;
  /** With the delays above: about two and a half hours of a storage that is away. */
  readonly finishAttempts: number;
  /** Before what a storage refused is tried again without a sign that it would be taken; doubled each time. */
  readonly deliverDelay: number;
  readonly maxDeliverDelay: number;
  /** After the end of a recording what could not be delivered is kept, and tried again, for this long. */
  readonly deliverWithin: number;
  /** Before a launch that was refused (a missing Secret) is tried again; doubled each time. */
  readonly launchDelay: number;
  readonly maxLaunchDelay: number;
  /** A run that should stop and has been silent for this long is terminated: the stop did not reach it. */
  readonly silentLimit: number;
  /** Beyond what a run may record, before it is terminated: uploading the rest takes its time. */
  readonly deadlineSlack: number;
  /** A storage that files are in and that is not there any more is waited for this long. */
  readonly missingStorageGrace: number;
  /** A new recording waits for the first check of a storage that it prefers to one that is ready; so long at most. */
  readonly firstCheckGrace: number;
  /** Between checks of a storage that answers. */
  readonly checkInterval: number;
  /** Before a failed check is repeated; doubled each time, and never longer than the interval. */
  readonly recheckDelay: number;
  readonly maxRecheckDelay: number;
  /** A check that speaks against what a run goes on to meet there is repeated; so long after it at the earliest. */
  readonly evidenceDelay: number;
}

export const defaultTiming: Timing = {
  retryDelay: 2,
  maxRetryDelay: 60,
  healthyAfter: 60,
  finishDelay: 5,
  maxFinishDelay: 300,
  finishAttempts: 36,
  deliverDelay: 300,
  maxDeliverDelay: 6 * 3600,
  deliverWithin: 7 * 24 * 3600,
  launchDelay: 2,
  maxLaunchDelay: 30,
  silentLimit: 60,
  deadlineSlack: 900,
  missingStorageGrace: 600,
  firstCheckGrace: 10,
  checkInterval: 3600,
  recheckDelay: 5,
  maxRecheckDelay: 300,
  evidenceDelay: 30,
};

/** The nth (from 0) of delays that double up to a limit. */
export function doubled(delay: number, times: number, limit: number): number {
  return Math.min(limit, delay * 2 ** Math.min(times, 30));
}
