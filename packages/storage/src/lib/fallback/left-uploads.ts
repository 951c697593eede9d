import { TapedeckError } from '@tapedeck/core';
import type { Upload } from '../store.ts';

/** How long the end of a file waits for earlier storages to drop what they have of it. */
const DROP_MS = 3_000;

/** Uploads in storages that were left, closed and not dropped yet. */
export interface LeftUploads {
  add(index: number, upload: Upload): void;
  /** Tries to drop them; what cannot be dropped stays for the end of the file, when its storage may answer again. */
  drop(): Promise<void>;
  /** The file is complete: a last try, and a word for each that stays. */
  dropAtEnd(onStay: (storage: string, error: TapedeckError) => void): Promise<void>;
}

/** `onDropped` is told the place of each that is gone. */
export function createLeftUploads(onDropped: (index: number) => void): LeftUploads {
  let left: { readonly index: number; readonly upload: Upload; error?: TapedeckError }[] = [];

  async function drop(): Promise<void> {
    await Promise.all(
      left.map(async (one) => {
        try {
          await one.upload.abort();
          onDropped(one.index);
          left = left.filter((other) => other !== one);
        } catch (cause) {
          one.error = TapedeckError.from(cause);
        }
      }),
    );
  }

  return {
    add(index, upload) {
      left.push({ index, upload });
    },
    drop,
    async dropAtEnd(onStay) {
      if (left.length === 0) return;
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, DROP_MS);
      await Promise.race([drop(), late]).finally(() => clearTimeout(timer));
      for (const { upload, error } of left)
        onStay(upload.storage, error ?? new TapedeckError('StorageTimeout', 'It did not answer in time.'));
    },
  };
}
