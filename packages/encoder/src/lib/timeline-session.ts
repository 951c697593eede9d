import { cutSoundUntil, cutUntil } from './fragment-cut.ts';
import { trackEnd } from './fragment-moof.ts';
import { createParameterSetCheck } from './fragment-parameter-sets.ts';
import type { Fragment, FragmentTrack, InitSegment, Track } from './media.ts';
import { createAdmission } from './timeline-admission.ts';
import type { GapReason } from './timeline-event.ts';
import { createLatency, type Latency } from './timeline-latency.ts';

/** Less than any two frames are apart. */
const oneFrame = 0.005;

/** One start of the encoder: its tracks, and the relation of its times to the clock of the arrivals. */
export interface TimelineSession {
  readonly init: InitSegment;
  /** Why the one before ended. */
  readonly reason: GapReason | undefined;
  readonly latency: Latency;
  /** Where each track has come to, in seconds of decode time. */
  readonly ends: ReadonlyMap<number, number>;
  /** The track that a fragment shows to have changed, if one has. */
  readonly changedTrack: (fragment: Fragment) => Track | undefined;
  /** Something has arrived. */
  begun: boolean;
  /** Its init no longer fits what it delivers. */
  broken: boolean;
  /** It is the same broadcast as before, read anew; see `Timeline.continueSession`. */
  readonly continues: boolean;
  /** What is taken off its times for the open file; undefined: the next fragment decides. */
  shiftSeconds: number | undefined;
  /** After a pause: nothing from before this instant, and first a key frame. */
  resume(mediaSeconds: number): void;
  /** Follows `before`, whose times are `offsetSeconds` less than this one's, and may begin earlier than that ended. */
  follow(before: TimelineSession, offsetSeconds: number): void;
  /** What lies before this instant has been recorded elsewhere. */
  startAt(mediaSeconds: number): void;
  /** What of a fragment has not arrived before; undefined: nothing. */
  arrive(fragment: Fragment): Fragment | undefined;
  /** Begins, or began, where the session that it follows had come to or earlier: nothing is missing in between. */
  readonly seamless: boolean;
  /** What arrived last was recorded, and this session's samples are the same: it goes on between two key frames too. */
  pass(): void;
  /** What of a fragment can be used; undefined: nothing. */
  admit(fragment: Fragment): Fragment | undefined;
}

export function createTimelineSession(init: InitSegment, reason: GapReason | undefined): TimelineSession {
  const admission = createAdmission(init.tracks);
  const timescales = new Map(init.tracks.map((track) => [track.id, track.timescale]));
  /** Where each track has come to, in decode time. */
  const ends = new Map<number, number>();
  let continues = false;
  let seamless = false;
  const reaches = ({ trackId, baseDecodeTime }: FragmentTrack): boolean =>
    baseDecodeTime / (timescales.get(trackId) ?? 1) <=
    (ends.get(trackId) ?? Number.NEGATIVE_INFINITY) + oneFrame;
  let notBefore = Number.NEGATIVE_INFINITY;
  return {
    init,
    reason,
    latency: createLatency(),
    ends,
    get continues() {
      return continues;
    },
    get seamless() {
      return seamless;
    },
    changedTrack: createParameterSetCheck(init.tracks),
    begun: false,
    broken: false,
    shiftSeconds: undefined,
    follow(before, offsetSeconds) {
      continues = true;
      for (const [track, seconds] of before.ends) ends.set(track, seconds + offsetSeconds);
    },
    startAt(mediaSeconds) {
      continues = true;
      for (const track of init.tracks) ends.set(track.id, mediaSeconds);
    },
    arrive(fragment) {
      seamless ||= continues && fragment.tracks.every((samples) => reaches(samples));
      const fresh = continues ? cutUntil(fragment, init.tracks, ends) : fragment;
      for (const samples of fragment.tracks) {
        const seconds = trackEnd(samples) / (timescales.get(samples.trackId) ?? 1);
        ends.set(samples.trackId, Math.max(ends.get(samples.trackId) ?? seconds, seconds));
      }
      return fresh;
    },
    pass: admission.pass,
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
