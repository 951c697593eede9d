import type { ErrorCode, ExitName, RunResult, TapedeckError } from '@tapedeck/core';

/** Of the source, and for good: there is nothing to copy, whoever tries again. */
const sourceCodes: readonly ErrorCode[] = [
  'SourceNotFound',
  'SourceDenied',
  'SourceChanged',
  'ChecksumMismatch',
];
/** Of the target, and for good. */
const refusedCodes: readonly ErrorCode[] = ['AlreadyExists'];
const invalidCodes: readonly ErrorCode[] = ['InvalidManifest', 'InvalidCredentials', 'NotSupported'];

/** What the failure of a copy means for whoever launched it. */
export function copyExitOf({ code, fault, retry }: TapedeckError): ExitName {
  if (code === 'Aborted') return 'Interrupted';
  if (sourceCodes.includes(code)) return 'SourceFailed';
  if (invalidCodes.includes(code)) return 'Invalid';
  if (refusedCodes.includes(code) || (fault === 'destination' && retry === 'stalled'))
    return 'StorageRefused';
  return 'Retry';
}

export function copyResult(error: TapedeckError): RunResult {
  return { exit: copyExitOf(error), code: error.code, message: error.message };
}
