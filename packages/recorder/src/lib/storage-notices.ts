import type { RunNotice, TapedeckError } from '@tapedeck/core';
import type { FallbackEvent } from '@tapedeck/storage';

/** A storage that this recording names does not take it, and another one does. */
export function passedOver(storage: string, error: TapedeckError): RunNotice {
  return {
    reason: 'StoragePassedOver',
    message: `${storage} does not take the recording: ${error.message}`,
  };
}

/** What people read of a file that goes, or cannot go, to another storage. */
export function fallbackNotice(event: FallbackEvent, now: Date): RunNotice {
  const { error } = event;
  switch (event.kind) {
    case 'PassedOver':
      return passedOver(event.storage, error);
    case 'Moved':
      return {
        reason: 'StorageMoved',
        message: `At ${now.toISOString()} the file went from ${event.from} to ${event.to}, with all that was recorded of it: ${error.message}`,
      };
    case 'NotKept':
      return {
        reason: 'NotKept',
        message: `Scratch does not hold all of the file any more: should ${event.storage} be lost now, a new file begins in the next storage, and this one is delivered later. Allow more scratch, or split more often. ${error.message}`,
      };
    case 'NotFreed':
      return {
        reason: 'ScratchNotFreed',
        message: `Scratch still has what was kept of the file for another storage; it is needed no more. ${error.message}`,
      };
    case 'Left':
      return {
        reason: 'UploadLeft',
        message: `${event.storage} still holds an unfinished upload, which it could not be asked to drop; a lifecycle rule for those does. ${error.message}`,
      };
  }
}
