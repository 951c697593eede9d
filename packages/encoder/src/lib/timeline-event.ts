import type { RunGap } from '@tapedeck/core';
import type { Fragment, InitSegment } from './media.ts';

export type GapReason = RunGap['reason'];

/** Why a file ends: the recording is split, the tracks are no longer what the file's init says, or it is over. */
export type CloseReason = 'Split' | 'FormatChanged' | 'End';

/**
 * What the timeline wants done, in this order. `startSeconds` of gaps and pauses is media time of the whole
 * recording (all files so far), so it is where a player of the joined files would find the seam.
 */
export type TimelineEvent =
  /** A file begins; given only right before its first fragment, so no file is ever empty. */
  | { readonly type: 'open'; readonly segment: number; readonly init: InitSegment }
  /** To be appended to the open file. Its times count from the file's start, and are `shiftSeconds` less than the session's. */
  | { readonly type: 'fragment'; readonly fragment: Fragment; readonly shiftSeconds: number }
  /** The open file is over; `durationSeconds` is its length. */
  | {
      readonly type: 'close';
      readonly segment: number;
      readonly reason: CloseReason;
      readonly durationSeconds: number;
    }
  /** The source or the encoder was away; `durationSeconds` of real time went by. */
  | {
      readonly type: 'gap';
      readonly startSeconds: number;
      readonly durationSeconds: number;
      readonly reason: GapReason;
    }
  /** A pause that is over (or that the recording ended in); `durationSeconds` of media were left out. */
  | { readonly type: 'pause'; readonly startSeconds: number; readonly durationSeconds: number }
  /**
   * A copied stream changed its video parameters in midstream, so the init does not fit what follows: the
   * rest of this session is dropped. Capture has to be started again; its new session goes on in the next file.
   */
  | { readonly type: 'formatChanged'; readonly trackId: number }
  /** `maxDurationSeconds` is reached, to the sample; whatever else comes is dropped. */
  | { readonly type: 'full' };
