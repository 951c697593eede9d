import type { TapedeckError, UploadJournal } from '@tapedeck/core';
import type { Upload, UploadOptions } from '../store.ts';

/** What whoever records should hear of. */
export type FallbackEvent =
  /** The storage does not take the file. */
  | { readonly kind: 'PassedOver'; readonly storage: string; readonly error: TapedeckError }
  /** The file goes on in another storage, with all that was recorded of it. */
  | { readonly kind: 'Moved'; readonly from: string; readonly to: string; readonly error: TapedeckError }
  /** Scratch does not hold the file any more: a move from here on would begin a new one. */
  | { readonly kind: 'NotKept'; readonly storage: string; readonly error: TapedeckError }
  /** What was kept on scratch is needed no more, and cannot be removed. */
  | { readonly kind: 'NotFreed'; readonly storage: string; readonly error: TapedeckError }
  /** An unfinished upload stays in a storage that could not be asked to drop it. */
  | { readonly kind: 'Left'; readonly storage: string; readonly error: TapedeckError };

export interface FallbackOptions extends UploadOptions {
  /** Half of `maxBytes` is for the whole file, half for what waits for its storage. */
  readonly spool: NonNullable<UploadOptions['spool']>;
  /** For how long a storage may be away before the next one is taken. One that refuses is left at once. */
  readonly fallbackAfterSeconds: number;
  readonly onEvent: (event: FallbackEvent) => void;
}

/** An upload whose storage may change while it goes on. */
export interface FallbackUpload extends Upload {
  /** Uploads of the same file in storages that were left, as far as nobody has dropped them. */
  readonly dropped: readonly UploadJournal[];
}
