import { type ErrorCode, TapedeckError } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { isLost, mayGoElsewhere } from './fallback-decision.ts';

describe('whether another storage may take what one did not', () => {
  const table: readonly (readonly [ErrorCode, boolean])[] = [
    ['StorageDenied', true],
    ['StorageUnauthenticated', true],
    ['BucketNotFound', true],
    ['WrongRegion', true],
    ['StorageTlsFailed', true],
    ['InvalidCredentials', true],
    ['ClockSkewed', true],
    ['SpoolFull', true],
    ['ScratchFull', true],
    ['Unknown', true],
    ['StorageUnreachable', false],
    ['StorageThrottled', false],
    ['StorageFull', false],
    ['UploadGone', false],
    ['PartMismatch', false],
    ['NotSupported', false],
    ['Aborted', false],
  ];
  it.each(table)('%s: %s', (code, expected) => {
    expect(mayGoElsewhere(new TapedeckError(code, 'It failed.'))).toBe(expected);
  });
});

describe('whether a storage is lost', () => {
  const trouble = (code: ErrorCode, agoMs: number) => ({
    code,
    message: 'It failed.',
    sinceMs: 100_000 - agoMs,
  });
  const table: readonly (readonly [string, ReturnType<typeof trouble> | undefined, boolean])[] = [
    ['it is well', undefined, false],
    ['away for a moment', trouble('StorageUnreachable', 1_000), false],
    ['away for as long as it may', trouble('StorageUnreachable', 10_000), true],
    ['full, for as long', trouble('StorageFull', 10_000), true],
    ['denied just now', trouble('StorageDenied', 0), true],
    ['clocks that do not agree', trouble('ClockSkewed', 0), true],
    ['completed by somebody else', trouble('UploadGone', 0), false],
  ];
  it.each(table)('%s', (_what, what, expected) => {
    expect(isLost(what, 100_000, 10_000)).toBe(expected);
  });
});
