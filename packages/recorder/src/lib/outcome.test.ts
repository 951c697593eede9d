import { TapedeckError } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { type CaptureOutcome, type DeliveryOutcome, decideResult } from './outcome.ts';

const stopped = (reason: 'Requested' | 'MaxDuration' | 'SourceEnded'): CaptureOutcome => ({
  kind: 'Stopped',
  reason,
});
const failed = (code: ConstructorParameters<typeof TapedeckError>[0]): CaptureOutcome => ({
  kind: 'Failed',
  error: new TapedeckError(code, 'words'),
});
const delivered: DeliveryOutcome = { recorded: true };
const nothing: DeliveryOutcome = { recorded: false };
const undelivered = (code: ConstructorParameters<typeof TapedeckError>[0]): DeliveryOutcome => ({
  recorded: true,
  error: new TapedeckError(code, 'words'),
});

describe('how a run ends', () => {
  it.each<[string, CaptureOutcome, DeliveryOutcome, string, string | undefined]>([
    ['asked to stop, all there', stopped('Requested'), delivered, 'Complete', 'Requested'],
    ['as long as it may be', stopped('MaxDuration'), delivered, 'Complete', 'MaxDuration'],
    ['the source is over', stopped('SourceEnded'), delivered, 'Complete', 'SourceEnded'],
    ['stopped before anything came', stopped('Requested'), nothing, 'SourceFailed', 'Requested'],
    ['evicted, all there so far', { kind: 'Interrupted' }, delivered, 'Interrupted', undefined],
    ['evicted before anything came', { kind: 'Interrupted' }, nothing, 'Interrupted', undefined],
    [
      'refused in the middle, with another storage to go to',
      failed('StorageDenied'),
      { ...undelivered('StorageDenied'), elsewhere: true },
      'Retry',
      undefined,
    ],
    [
      'refused at the end, with another storage',
      stopped('Requested'),
      { ...undelivered('StorageDenied'), elsewhere: true },
      'StorageRefused',
      'Requested',
    ],
    [
      'evicted while the storage is away',
      { kind: 'Interrupted' },
      undelivered('StorageUnreachable'),
      'Undelivered',
      undefined,
    ],
    [
      'stopped while the storage is away',
      stopped('Requested'),
      undelivered('StorageUnreachable'),
      'Undelivered',
      'Requested',
    ],
    [
      'the storage refuses the end',
      stopped('Requested'),
      undelivered('StorageDenied'),
      'StorageRefused',
      'Requested',
    ],
    ['no source', failed('SourceUnreachable'), nothing, 'SourceFailed', 'InternalError'],
    ['no source for the next attempt', failed('SourceUnreachable'), delivered, 'Complete', 'SourceEnded'],
    ['asks for what cannot be', failed('NotSupported'), nothing, 'Invalid', 'InternalError'],
    ['no ffmpeg', failed('EncoderMissing'), nothing, 'Invalid', 'InternalError'],
    ['scratch full, the rest delivered', failed('SpoolFull'), delivered, 'Retry', 'InternalError'],
    ['something unknown', failed('Unknown'), nothing, 'Retry', 'InternalError'],
  ])('%s', (_, capture, delivery, exit, stopReason) => {
    const result = decideResult(capture, delivery);
    expect(result.exit).toBe(exit);
    expect(result.stopReason).toBe(stopReason);
    // An exit that is not plain success says why.
    expect(result.message === undefined).toBe(
      exit === 'Interrupted' || (exit === 'Complete' && capture.kind === 'Stopped'),
    );
  });
});
