import { TapedeckError } from '@tapedeck/core';
import { type CallTimeouts, callOnce, callWithRetries } from './call.ts';
import type { CompletedPart, Driver, ObjectInfo, UploadToken } from './driver.ts';
import { sizeOf } from './journal.ts';
import { isAmbiguous, type RetryPolicy } from './retry-policy.ts';

export interface CompletionOptions {
  readonly policy: RetryPolicy;
  readonly timeouts: CallTimeouts;
  readonly signal?: AbortSignal | undefined;
  /** Retries until the signal fires. */
  readonly endless?: boolean;
  /** An upload that is gone counts as completed by an earlier process when the object is there. */
  readonly goneIsComplete?: boolean;
  readonly onFailure?: (error: TapedeckError) => void;
}

/**
 * Completes an upload of exactly these parts. A call that ended without an answer may have worked: when the
 * upload is gone after that, it did. Rejects with `PartMismatch` for the caller to heal.
 */
export async function completeUpload(
  driver: Driver,
  upload: { readonly token: UploadToken; readonly key: string },
  parts: readonly CompletedPart[],
  options: CompletionOptions,
): Promise<ObjectInfo> {
  let maybeComplete = options.goneIsComplete === true;
  const { policy, timeouts, signal } = options;
  const attempt = () =>
    callOnce(`Completing ${upload.key}`, timeouts.completeMs, signal, (signal) =>
      driver.complete(upload.token, parts, { signal }),
    );
  const retries = { signal, endless: options.endless === true };
  try {
    return await callWithRetries(policy, retries, attempt, (error) => {
      maybeComplete ||= isAmbiguous(error);
      options.onFailure?.(error);
    });
  } catch (error) {
    if (!(error instanceof TapedeckError && error.code === 'UploadGone' && maybeComplete)) throw error;
    return await completedObject(driver, upload.key, sizeOf(parts), options, error);
  }
}

/** The object that somebody completed before; with write rights only, what we know of it. */
async function completedObject(
  driver: Driver,
  key: string,
  size: number,
  { policy, timeouts, signal }: CompletionOptions,
  gone: TapedeckError,
): Promise<ObjectInfo> {
  try {
    return await callWithRetries(policy, { signal }, () =>
      callOnce(`Looking for ${key}`, timeouts.callMs, signal, (signal) => driver.head(key, { signal })),
    );
  } catch (error) {
    const { code } = TapedeckError.from(error);
    if (code === 'StorageDenied' || code === 'NotSupported') return { key, size };
    // Neither an upload nor an object: it was aborted, and saying that it is gone is all there is to say.
    throw code === 'NotFound' ? gone : error;
  }
}
