import { cutSoundUntil } from './fragment-cut.ts';
import { createParameterSetCheck } from './fragment-parameter-sets.ts';
import type { Fragment, InitSegment, Track } from './media.ts';
import { createAdmission } from './timeline-admission.ts';
import type { GapReason } from './timeline-event.ts';
import { createLatency, type Latency } from './timeline-latency.ts';

/** One start of the encoder: its tracks, and the relation of its times to the clock of the arrivals. */
export interface TimelineSession {
  readonly init: InitSegment;
  /** Why the one before ended. */
  readonly reason: GapReason | undefined;
  readonly latency: Latency;
  /** The track that a fragment shows to have changed, if one has. */
  readonly changedTrack: (fragment: Fragment) => Track | undefined;
  /** Something has arrived. */
  begun: boolean;
  /** Its init no longer fits what it delivers. */
  broken: boolean;
  /** What is taken off its times for the open file; undefined: the next fragment decides. */
  shiftSeconds: number | undefined;
  /** After a pause: nothing from before this instant, and first a key frame. */
  resume(mediaSeconds: number): void;
  /** What of a fragment can be used; undefined: nothing. */
  admit(fragment: Fragment): Fragment | undefined;
}

export function createTimelineSession(init: InitSegment, reason: GapReason | undefined): TimelineSession {
  const admission = createAdmission(init.tracks);
  let notBefore = Number.NEGATIVE_INFINITY;
  return {
    init,
    reason,
    latency: createLatency(),
    changedTrack: createParameterSetCheck(init.tracks),
    begun: false,
    broken: false,
    shiftSeconds: undefined,
    resume(mediaSeconds) {
      notBefore = mediaSeconds;
      this.shiftSeconds = undefined;
      admission.restart();
    },
    admit(fragment) {
      const early = fragment.startSeconds < notBefore;
      const usable = early ? cutSoundUntil(fragment, init.tracks, notBefore) : fragment;
      return usable && admission.admit(usable);
    },
  };
}

/** Where an instant of the session's media is on the clock of the arrivals. */
export function wallSeconds(session: TimelineSession, mediaSeconds: number): number {
  return mediaSeconds + session.latency.seconds;
}
