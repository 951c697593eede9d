import {
  type ErrorCode,
  type ExitName,
  type RecordingStopReason,
  type RunResult,
  TapedeckError,
} from '@tapedeck/core';

/** Why capturing ended, before it is known whether the files could be completed. */
export type CaptureOutcome =
  | { readonly kind: 'Stopped'; readonly reason: RecordingStopReason }
  /** SIGTERM, or control was gone for too long: the recording itself is not over. */
  | { readonly kind: 'Interrupted' }
  | { readonly kind: 'Failed'; readonly error: TapedeckError };

/** What became of the files. */
export interface DeliveryOutcome {
  /** Anything recorded at all, by this run or an earlier one. */
  readonly recorded: boolean;
  /** Set when a file could not be completed. */
  readonly error?: TapedeckError;
  /** Another storage may take what is still to be recorded. */
  readonly elsewhere?: boolean;
}

const sourceCodes: readonly ErrorCode[] = [
  'InvalidSource',
  'SourceUnreachable',
  'SourceDenied',
  'SourceNotFound',
  'SourceNotMedia',
  'SourceEmpty',
  'SourceStalled',
  'SourceLost',
  'PageTimedOut',
  'PageRefused',
  'PageCertificateInvalid',
  'PageCrashed',
  'PageHung',
  'BrowserFailed',
];
const invalidCodes: readonly ErrorCode[] = [
  'InvalidManifest',
  'InvalidCredentials',
  'NotSupported',
  'EncoderMissing',
  'BrowserMissing',
];

/** The result and exit code of a run: delivery weighs most, for an exit 0 promises that the files are there. */
export function decideResult(capture: CaptureOutcome, delivery: DeliveryOutcome): RunResult {
  const stopReason = capture.kind === 'Stopped' ? { stopReason: capture.reason } : {};
  if (delivery.error !== undefined) {
    const { error } = delivery;
    // What ended is this file, not the recording: the next attempt begins where it is taken.
    if (capture.kind === 'Failed' && delivery.elsewhere === true && capture.error.fault !== 'request')
      return { exit: 'Retry', ...describe(error) };
    const refused = error.fault === 'destination' && error.retry === 'stalled';
    return { exit: refused ? 'StorageRefused' : 'Undelivered', ...stopReason, ...describe(error) };
  }
  if (capture.kind === 'Interrupted') return { exit: 'Interrupted' };
  // A source that does not come back after an interruption ends what was recorded before it.
  if (capture.kind === 'Failed' && delivery.recorded && sourceCodes.includes(capture.error.code))
    return { exit: 'Complete', stopReason: 'SourceEnded', ...describe(capture.error) };
  if (capture.kind === 'Failed')
    return { exit: exitOf(capture.error), stopReason: 'InternalError', ...describe(capture.error) };
  if (!delivery.recorded)
    return {
      exit: 'SourceFailed',
      ...stopReason,
      ...describe(
        new TapedeckError(
          'SourceEmpty',
          'Nothing was recorded: it ended before the first picture or sound came.',
        ),
      ),
    };
  return { exit: 'Complete', ...stopReason };
}

/** What a failure means for whoever launched the run. */
export function exitOf(error: TapedeckError): ExitName {
  if (sourceCodes.includes(error.code)) return 'SourceFailed';
  if (invalidCodes.includes(error.code)) return 'Invalid';
  if (error.fault === 'destination' && error.retry === 'stalled') return 'StorageRefused';
  return 'Retry';
}

function describe(error: TapedeckError): { code: string; message: string } {
  return { code: error.code, message: error.message };
}
