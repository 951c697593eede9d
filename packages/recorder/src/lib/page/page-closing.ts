import { TapedeckError } from '@tapedeck/core';
import type { RunLog } from '../run-log.ts';

/**
 * Runs every closer, the last one first, and empties the list. What cannot be removed is for the log: it is no reason to
 * leave the others, nor for what was recorded to count as failed. Never rejects.
 */
export async function closeAll(closers: (() => Promise<void>)[], log: RunLog): Promise<void> {
  for (const closer of closers.splice(0).reverse()) {
    try {
      await closer();
    } catch (error) {
      log.warn('PageNotRemoved', { message: TapedeckError.from(error).message });
    }
  }
}
