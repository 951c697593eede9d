import { type ErrorCode, TapedeckError } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { isAmbiguous, mayRetry, defaultRetryPolicy as policy, retryDelayMs } from './retry-policy.ts';

const failure = (code: ErrorCode, errno?: string) =>
  new TapedeckError(code, 'failed', errno === undefined ? {} : { cause: { code: errno } });

describe('retrying', () => {
  it('waits longer each time up to a limit, half of it by chance', () => {
    expect([1, 2, 3, 20].map((failures) => retryDelayMs(policy, failures, 1))).toEqual([
      250, 500, 1000, 5000,
    ]);
    expect(retryDelayMs(policy, 20, 0)).toBe(2500);
  });

  it.each<[ErrorCode, number, boolean]>([
    ['StorageUnreachable', 1000, true],
    ['StorageThrottled', 1000, true],
    ['StorageFull', 1000, true],
    ['Unknown', 7, true],
    ['Unknown', 8, false],
    ['StorageDenied', 1, false],
    ['UploadGone', 1, false],
    ['PartMismatch', 1, false],
  ])('after %s for the %ith time: %s', (code, failures, expected) => {
    expect(mayRetry(policy, failure(code), failures)).toBe(expected);
  });

  it.each<[TapedeckError, boolean]>([
    [failure('StorageTimeout'), true],
    [failure('StorageUnreachable', 'ECONNRESET'), true],
    [failure('StorageUnavailable'), true],
    [failure('StorageUnreachable', 'ECONNREFUSED'), false],
    [failure('StorageUnreachable', 'ENOTFOUND'), false],
    [failure('StorageThrottled'), false],
    [failure('StorageDenied'), false],
  ])('knows whether the service may have done it all the same (%s: %s)', (error, expected) => {
    expect(isAmbiguous(error)).toBe(expected);
  });
});
