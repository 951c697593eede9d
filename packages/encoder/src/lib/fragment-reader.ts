import type { Fragment, InitSegment } from './media.ts';

/** Cuts a stream of bytes into what it is made of. Synchronous; holds at most one fragment. */
export interface FragmentReader {
  /**
   * What became complete with this chunk, in order. Throws TapedeckError `SourceNotMedia` on bytes that are
   * no fragmented MP4; the reader is of no use then.
   */
  push(chunk: Uint8Array): readonly (InitSegment | Fragment)[];
  /** The stream is over; says how many bytes belong to something that never became complete. Never throws. */
  end(): { readonly bytesLeftOver: number };
}
