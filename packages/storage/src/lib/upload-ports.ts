import type { CallTimeouts } from './call.ts';
import type { Driver } from './driver.ts';
import type { PartPlan } from './part-plan.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { Spool } from './spool.ts';

export interface UploadPorts {
  readonly driver: Driver;
  readonly plan: PartPlan;
  readonly policy: RetryPolicy;
  readonly timeouts: CallTimeouts;
  /** Name of the storage in the run spec. */
  readonly storage: string;
  /** With the prefix. */
  readonly fullKey: string;
  readonly spool: Spool | undefined;
}
