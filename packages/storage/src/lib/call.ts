import { setTimeout as sleep } from 'node:timers/promises';
import { TapedeckError } from '@tapedeck/core';
import { mayRetry, type RetryPolicy, retryDelayMs } from './retry-policy.ts';

/** Longest that one call to a service may take, in milliseconds. */
export interface CallTimeouts {
  /** Any call, besides what its bytes take. */
  readonly callMs: number;
  /** A slower link than this cannot carry a recording, so a put that is slower counts as hanging. */
  readonly minBytesPerSecond: number;
  /** Services put large objects together before they answer. */
  readonly completeMs: number;
}

export const defaultTimeouts: CallTimeouts = {
  callMs: 15_000,
  minBytesPerSecond: 128 * 1024,
  completeMs: 300_000,
};

export function putTimeoutMs(timeouts: CallTimeouts, size: number): number {
  return timeouts.callMs + (size / timeouts.minBytesPerSecond) * 1000;
}

export function abortedError(cause?: unknown): TapedeckError {
  return new TapedeckError('Aborted', 'The call was aborted.', { cause });
}

/**
 * Runs one call with a deadline. `Aborted` when the caller's signal fired, `StorageTimeout` when the deadline
 * did, whatever the call itself made of it; a call that ignores its signal is left behind.
 */
export async function callOnce<T>(
  what: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (signal?.aborted) throw abortedError(signal.reason);
  const controller = new AbortController();
  const { promise: interrupted, reject } = Promise.withResolvers<never>();
  const onAbort = () => {
    reject(abortedError(signal?.reason));
    controller.abort();
  };
  const onDeadline = () => {
    const seconds = Math.round(timeoutMs / 100) / 10;
    reject(new TapedeckError('StorageTimeout', `${what} did not end within ${seconds} s.`));
    controller.abort();
  };
  const timer = setTimeout(onDeadline, timeoutMs);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([call(controller.signal), interrupted]);
  } catch (error) {
    throw TapedeckError.from(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/**
 * Repeats a call while that may help, for at most `policy.maxTotalMs` (or, with `endless`, until the signal
 * fires). Rejects with the last failure.
 */
export async function callWithRetries<T>(
  policy: RetryPolicy,
  options: { readonly signal?: AbortSignal | undefined; readonly endless?: boolean },
  call: () => Promise<T>,
  onFailure?: (error: TapedeckError) => void,
): Promise<T> {
  const deadline = Date.now() + policy.maxTotalMs;
  for (let failures = 1; ; failures++) {
    try {
      return await call();
    } catch (cause) {
      const error = TapedeckError.from(cause);
      if (!mayRetry(policy, error, failures)) throw error;
      onFailure?.(error);
      const delay = retryDelayMs(policy, failures);
      if (options.endless !== true && Date.now() + delay > deadline) throw error;
      try {
        await sleep(delay, undefined, { ...(options.signal && { signal: options.signal }) });
      } catch {
        // Only the signal ends a sleep early; the failure says more than that we stopped waiting.
        throw error;
      }
    }
  }
}
