import type { TapedeckError } from '@tapedeck/core';

/** How long to wait between attempts, and for how long one may take. Milliseconds. */
export interface RetryPolicy {
  /** Before the second attempt; doubled for each further one. */
  readonly firstDelayMs: number;
  /** No wait is longer, so that an upload goes on soon after its storage is back. */
  readonly maxDelayMs: number;
  /** Attempts at a failure nobody recognised, which may well be for ever. */
  readonly maxUnknownAttempts: number;
  /** For calls that somebody waits for (put, head, list …): after that they give up. */
  readonly maxTotalMs: number;
}

export const defaultRetryPolicy: RetryPolicy = {
  firstDelayMs: 250,
  maxDelayMs: 5_000,
  maxUnknownAttempts: 8,
  maxTotalMs: 30_000,
};

/** `failures` counts from 1. Half of the wait is random, so that many recorders do not come back at once. */
export function retryDelayMs(policy: RetryPolicy, failures: number, random = Math.random()): number {
  const full = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (failures - 1));
  return full / 2 + (full / 2) * random;
}

export function mayRetry(policy: RetryPolicy, error: TapedeckError, failures: number): boolean {
  if (error.retry === 'stalled' || error.code === 'PartMismatch') return false;
  return error.code !== 'Unknown' || failures < policy.maxUnknownAttempts;
}

/**
 * Whether the service may have carried out (or may yet carry out) a call that failed: then what it holds is
 * not known. A connection that was never made leaves nothing behind.
 */
export function isAmbiguous(error: TapedeckError): boolean {
  if (error.code === 'StorageTimeout' || error.code === 'Unknown' || error.code === 'StorageUnavailable') {
    return true;
  }
  if (error.code !== 'StorageUnreachable') return false;
  const cause: unknown = error.cause;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return code !== 'ECONNREFUSED' && code !== 'ENOTFOUND' && code !== 'EAI_AGAIN' && code !== 'EHOSTUNREACH';
}
