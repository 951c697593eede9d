import { cutBefore } from './fragment-cut.ts';
import { sameFormat } from './fragment-format.ts';
import type { Fragment, InitSegment } from './media.ts';
import type { CloseReason, GapReason, TimelineEvent } from './timeline-event.ts';
import { createTimelineOutput, type TimelineOutput } from './timeline-output.ts';
import { createPauseQueue, resumeSeconds } from './timeline-pauses.ts';
import { createTimelineSession, type TimelineSession, wallSeconds } from './timeline-session.ts';

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
   * `reason` says why the session before ended, SourceLost if absent; unused for the first.
   */
  startSession(init: InitSegment, reason?: GapReason): readonly TimelineEvent[];
  /**
   * Called before the new session's first fragment, when its source is the same broadcast, read anew (a playlist
   * that was opened once more): its times are `offsetSeconds` more than the last session's. What it brings once
   * more is left out, and only what really is missing counts as lost. `sameSamples`: neither is encoded, so the
   * one goes on in the middle of what the other left.
   */
  continueSession(offsetSeconds: number, sameSamples: boolean): void;
  /** Likewise for the first session, when something else has recorded up to there: what comes before is left out. */
  startAt(seconds: number): void;
  /** Takes over the fragment, whose bytes may be rewritten in place. */
  add(fragment: Fragment, arrivalSeconds: number): readonly TimelineEvent[];
  /** Leaves out what was captured from this instant on; a pause within a pause changes nothing. */
  pause(atSeconds: number): readonly TimelineEvent[];
  /** Goes on with the first key frame captured at or after this instant; unpaused: changes nothing. */
  resume(atSeconds: number): readonly TimelineEvent[];
  /** Closes the open file. Nothing may follow. */
  end(): readonly TimelineEvent[];
}

/** Where media ended: at which time of which session, and when that was. */
interface Seam {
  readonly session: TimelineSession;
  readonly mediaSeconds: number;
  readonly wallSeconds: number;
}

/** Differences below this come from turning units into seconds. */
const tolerance = 1e-6;

/** Where one session continues another, their tracks end a frame of sound apart. */
const roundingSeconds = 0.05;

/** A timeline that has seen nothing yet. */
export function createTimeline(options: TimelineOptions): Timeline {
  const { splitEverySeconds, maxDurationSeconds = Number.POSITIVE_INFINITY } = options;
  const pauses = createPauseQueue();
  let session: TimelineSession | undefined;
  let output: TimelineOutput | undefined;
  let segment = options.firstSegment ?? 1;
  let closedSeconds = 0;
  let full = false;
  /** Of what was recorded last. */
  let recorded: Seam | undefined;
  /** Of what arrived last, recorded or not. */
  let arrived: Seam | undefined;
  /** A pause is over, or sessions were lost, since then: told before the next recorded fragment. */
  let paused = false;
  let lost:
    | { readonly seconds: number; readonly reason: GapReason; readonly perhapsNothing: boolean }
    | undefined;
  /** The session before, whose times the present one may continue; and whether its samples are the same. */
  let last: TimelineSession | undefined;
  let sameSamples = false;

  const totalSeconds = () => closedSeconds + (output?.durationSeconds ?? 0);
  const seamAfter = (current: TimelineSession, fragment: Fragment): Seam => ({
    session: current,
    mediaSeconds: fragment.endSeconds,
    wallSeconds: wallSeconds(current, fragment.endSeconds),
  });

  /** A new session's first fragment says how long nothing came; pauses in that time are no loss. */
  function noteLoss(current: TimelineSession, fragment: Fragment): void {
    if (current.begun) return;
    current.begun = true;
    if (arrived === undefined) return;
    if (sameSamples && current.seamless && endsRecorded(current)) current.pass();
    const back = wallSeconds(current, fragment.startSeconds);
    const away = Math.max(0, back - arrived.wallSeconds);
    const seconds = (lost?.seconds ?? 0) + Math.max(0, away - pauses.covered(arrived.wallSeconds, back));
    const reason = lost?.reason ?? current.reason ?? 'SourceLost';
    // A change of format shows in the files, so it is told even if it cost nothing.
    lost = { seconds, reason, perhapsNothing: current.seamless && reason !== 'FormatChanged' };
  }

  /** The file goes on right where the session before ended. */
  function endsRecorded(current: TimelineSession): boolean {
    return (
      output !== undefined &&
      sameFormat(output.init, current.init) &&
      pauses.next === undefined &&
      recorded?.session === arrived?.session &&
      recorded?.mediaSeconds === arrived?.mediaSeconds
    );
  }

  /** Passes what lies before the next pause, and what begins after it. */
  function throughPauses(current: TimelineSession, fragment: Fragment): TimelineEvent[] {
    const pause = pauses.next;
    if (pause === undefined) return record(current, fragment);
    const latency = current.latency.seconds;
    const events: TimelineEvent[] = [];
    if (pause.cut === undefined) {
      const from = pause.from - latency;
      if (fragment.endSeconds <= from + tolerance) return record(current, fragment);
      const part = cutBefore(fragment, current.init.tracks, from);
      if (part !== undefined) events.push(...record(current, part));
      pause.cut = { seconds: from, session: current };
    }
    if (pause.to === undefined) return events;
    const to = resumeSeconds(pause, pause.to, latency, current);
    if (!canResume(current, fragment, to)) return events;
    pauses.drop();
    paused = true;
    current.resume(to);
    return [...events, ...throughPauses(current, fragment)];
  }

  function record(current: TimelineSession, arrivedFragment: Fragment): TimelineEvent[] {
    const fragment = current.admit(arrivedFragment);
    if (fragment === undefined || full) return [];
    const fits = output !== undefined && sameFormat(output.init, current.init);
    const follows = current.shiftSeconds ?? (fits ? output?.shiftFor(fragment) : undefined);
    const shift = follows ?? fragment.startSeconds;
    const split =
      fits &&
      fragment.startsWithKeyFrame &&
      keyStart(current, fragment) - shift >= splitEverySeconds - tolerance;
    return fits && !split
      ? write(current, fragment, shift)
      : writeFirst(current, fragment, split ? 'Split' : 'FormatChanged');
  }

  function writeFirst(current: TimelineSession, fragment: Fragment, reason: CloseReason): TimelineEvent[] {
    const seconds = maxDurationSeconds - totalSeconds();
    if (cutBefore(fragment, current.init.tracks, fragment.startSeconds + seconds) === undefined)
      return becomeFull();
    const missing = tellMissing(current, fragment);
    const closed = close(reason);
    output = createTimelineOutput(current.init);
    const opened: TimelineEvent = { type: 'open', segment, init: current.init };
    return [...missing, ...closed, opened, ...write(current, fragment, fragment.startSeconds)];
  }

  /** Into the open file, as far as the limit allows. */
  function write(current: TimelineSession, fragment: Fragment, shift: number): TimelineEvent[] {
    const until = maxDurationSeconds - closedSeconds + shift;
    const within = fragment.endSeconds <= until + tolerance;
    const part = within ? fragment : cutBefore(fragment, current.init.tracks, until);
    if (output === undefined || part === undefined) return becomeFull();
    const events = tellMissing(current, part);
    current.shiftSeconds = shift;
    recorded = seamAfter(current, part);
    events.push({ type: 'fragment', fragment: output.place(part, shift), shiftSeconds: shift });
    const reached = !within || fragment.endSeconds >= until - tolerance;
    return reached ? [...events, ...becomeFull()] : events;
  }

  function becomeFull(): TimelineEvent[] {
    full = true;
    return [{ type: 'full' }];
  }

  /** What of real time is not in the files between the last recorded fragment and this one, and why. */
  function tellMissing(current: TimelineSession, fragment: Fragment): TimelineEvent[] {
    const events: TimelineEvent[] = [];
    if (recorded !== undefined) {
      const missing =
        recorded.session === current
          ? fragment.startSeconds - recorded.mediaSeconds
          : wallSeconds(current, fragment.startSeconds) - recorded.wallSeconds;
      events.push(...describeMissing(Math.max(0, missing)));
    }
    paused = false;
    lost = undefined;
    return events;
  }

  function describeMissing(seconds: number): TimelineEvent[] {
    const startSeconds = totalSeconds();
    const lostSeconds = paused ? Math.min(lost?.seconds ?? 0, seconds) : seconds;
    const events: TimelineEvent[] = [];
    // A loss within a pause cost nothing.
    const least = lost?.perhapsNothing ? roundingSeconds : paused ? tolerance : -1;
    if (lost !== undefined && lostSeconds > least) {
      events.push({ type: 'gap', startSeconds, durationSeconds: lostSeconds, reason: lost.reason });
    }
    if (paused) events.push({ type: 'pause', startSeconds, durationSeconds: seconds - lostSeconds });
    return events;
  }

  function close(reason: CloseReason): TimelineEvent[] {
    if (output === undefined) return [];
    const { durationSeconds } = output;
    closedSeconds += durationSeconds;
    output = undefined;
    segment += 1;
    return [{ type: 'close', segment: segment - 1, reason, durationSeconds }];
  }

  return {
    get durationSeconds() {
      return totalSeconds();
    },
    startSession(init, reason) {
      if (session?.begun || session?.continues) last = session;
      sameSamples = false;
      session = createTimelineSession(init, reason);
      return [];
    },
    continueSession(offsetSeconds, same) {
      if (session === undefined || last === undefined) return;
      sameSamples = same;
      session.follow(last, offsetSeconds);
      session.latency.assume(last.latency.seconds - offsetSeconds);
    },
    startAt(seconds) {
      session?.startAt(seconds);
    },
    add(fragment, arrivalSeconds) {
      if (session === undefined || session.broken || full) return [];
      const changed = session.changedTrack(fragment);
      if (changed !== undefined) {
        session.broken = true;
        return [{ type: 'formatChanged', trackId: changed.id }];
      }
      session.latency.add(fragment.endSeconds, arrivalSeconds);
      const fresh = session.arrive(fragment);
      if (fresh === undefined) return [];
      noteLoss(session, fresh);
      const seam = seamAfter(session, fresh);
      const events = throughPauses(session, fresh);
      arrived = seam;
      return events;
    },
    pause(atSeconds) {
      pauses.begin(atSeconds);
      return [];
    },
    resume(atSeconds) {
      pauses.finish(atSeconds);
      return [];
    },
    end() {
      const ended: TimelineEvent[] = [];
      paused ||= pauses.next?.cut !== undefined;
      if (paused && !full && recorded !== undefined && arrived !== undefined) {
        lost = undefined;
        ended.push(...describeMissing(Math.max(0, arrived.wallSeconds - recorded.wallSeconds)));
      }
      full = true;
      return [...ended, ...close('End')];
    },
  };
}

/** Where the picture of a fragment begins (its sound may begin somewhat earlier); without picture, the sound. */
function keyStart({ init }: TimelineSession, fragment: Fragment): number {
  const picture = init.tracks.find((track) => track.type === 'video');
  const frames = fragment.tracks.find((samples) => samples.trackId === picture?.id);
  return picture && frames ? frames.baseDecodeTime / picture.timescale : fragment.startSeconds;
}

/** Picture goes on with a key frame; sound alone at any sample. */
function canResume({ init }: TimelineSession, fragment: Fragment, seconds: number): boolean {
  const picture = init.tracks.find((track) => track.type === 'video');
  if (picture === undefined) return fragment.endSeconds > seconds;
  const frames = fragment.tracks.find((samples) => samples.trackId === picture.id);
  if (frames === undefined) return fragment.startSeconds >= seconds - tolerance;
  const shown = (frames.baseDecodeTime + (frames.compositionOffsets[0] ?? 0)) / picture.timescale;
  return fragment.startsWithKeyFrame && shown >= seconds - tolerance;
}
