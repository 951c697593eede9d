import type { Fragment, InitSegment } from './media.ts';
import type { GapReason, TimelineEvent } from './timeline-event.ts';

export interface TimelineOptions {
  /** A file is split at the first key frame at or after this much media. */
  readonly splitEverySeconds: number;
  /** Media that all files together may hold; absent: no limit. */
  readonly maxDurationSeconds?: number;
  /** Number of the first file, 1 by default. */
  readonly firstSegment?: number;
}

/**
 * Turns what encoders deliver into files: pauses are cut out, long recordings split, restarts of the encoder
 * joined. Pure: it has no clock, and every call returns what is to be done. All `atSeconds` and
 * `arrivalSeconds` are of one monotonic clock and never go back.
 */
export interface Timeline {
  /** Media in all files so far, in seconds; pauses and gaps are not in it. */
  readonly durationSeconds: number;
  /**
   * The encoder was started (again): what `add` gets from here on belongs to this init, its times starting
   * anywhere. A session whose tracks are described as the last one's goes on in the same file.
   * `reason` says why the session before ended; unused for the first.
   */
  startSession(init: InitSegment, reason?: GapReason): readonly TimelineEvent[];
  /** Takes over the fragment, whose bytes may be rewritten in place. */
  add(fragment: Fragment, arrivalSeconds: number): readonly TimelineEvent[];
  /** Leaves out what was captured from this instant on; a pause within a pause changes nothing. */
  pause(atSeconds: number): readonly TimelineEvent[];
  /** Goes on with the first key frame captured at or after this instant; unpaused: changes nothing. */
  resume(atSeconds: number): readonly TimelineEvent[];
  /** Closes the open file. Nothing may follow. */
  end(): readonly TimelineEvent[];
}
