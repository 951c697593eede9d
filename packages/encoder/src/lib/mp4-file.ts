import type { Fragment, InitSegment } from './media.ts';

export interface Mp4FileOptions {
  readonly init: InitSegment;
  /** Longest media the file is expected to get; sets the room that is reserved for the index. */
  readonly maxSeconds: number;
  /** Frames per second, if known; 30 by default. */
  readonly frameRate?: number;
}

/**
 * The layout of one MP4 that can be played at any moment while it grows and is an ordinary file with its
 * index in front once finished. It holds the index only, never the media.
 */
export interface Mp4File {
  /** The first bytes of the file; fragments follow. */
  readonly head: Uint8Array;
  /** Media so far, in seconds. */
  readonly durationSeconds: number;
  /** Notes a fragment that was written at this offset of the file. In order. */
  add(fragment: Fragment, offset: number): void;
  /**
   * The index of the file, now `size` bytes long: `head` replaces as many of its first bytes; `tail`, present
   * when the reserved room was too small, is appended.
   */
  finish(size: number): { readonly head: Uint8Array; readonly tail?: Uint8Array };
  /**
   * For a file of `size` bytes whose start can still get another length: `bytes` replaces its first `length`
   * ones, without reserved room.
   */
  compact(size: number): { readonly length: number; readonly bytes: Uint8Array };
}
