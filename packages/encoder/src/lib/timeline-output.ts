import { presentationTimes } from './fragment-cut.ts';
import { trackEnd } from './fragment-moof.ts';
import { placeFragment } from './fragment-place.ts';
import type { Fragment, FragmentTrack, InitSegment } from './media.ts';

/** Where a track has got to, in its units. */
interface TrackEnd {
  /** Decode time after its last sample. */
  readonly decode: number;
  /** Latest instant at which something of it is shown. */
  readonly shown: number;
}

/** One file's times: fragments of any session are moved to where the file has got to. */
export interface TimelineOutput {
  readonly init: InitSegment;
  /** End of the longest track so far. */
  readonly durationSeconds: number;
  /**
   * What has to be taken off a fragment's times so that it directly follows: as much as can be without any track
   * overlapping what the file has of it. All tracks take the same, or sound and picture would drift apart.
   */
  shiftFor(fragment: Fragment): number;
  /** The fragment at the file's times. */
  place(fragment: Fragment, shiftSeconds: number): Fragment;
}

const atStart: TrackEnd = { decode: 0, shown: 0 };

export function createTimelineOutput(init: InitSegment): TimelineOutput {
  const timescales = new Map(init.tracks.map((track) => [track.id, track.timescale]));
  const timescaleOf = (id: number) => timescales.get(id) ?? 1;
  const ends = new Map<number, TrackEnd>();
  let durationSeconds = 0;
  let sequence = 0;

  function remember(samples: FragmentTrack): void {
    const before = ends.get(samples.trackId) ?? atStart;
    ends.set(samples.trackId, {
      decode: Math.max(before.decode, trackEnd(samples)),
      shown: Math.max(before.shown, shownEnd(samples)),
    });
  }

  return {
    init,
    get durationSeconds() {
      return durationSeconds;
    },
    shiftFor(fragment) {
      if (ends.size === 0) return fragment.startSeconds;
      const absent = [...ends.keys()].filter((id) => !fragment.tracks.some(({ trackId }) => trackId === id));
      return Math.min(
        ...fragment.tracks.map((samples) => {
          const end = ends.get(samples.trackId) ?? atStart;
          const room = Math.min(samples.baseDecodeTime - end.decode, shownStart(samples) - end.shown);
          return room / timescaleOf(samples.trackId);
        }),
        ...absent.map((id) => fragment.startSeconds - (ends.get(id) ?? atStart).decode / timescaleOf(id)),
      );
    },
    place(fragment, shiftSeconds) {
      const baseDecodeTimes = fragment.tracks.map(({ trackId, baseDecodeTime }) => {
        const time = baseDecodeTime - Math.round(shiftSeconds * timescaleOf(trackId));
        // A track that falls silent and returns may bring samples from before the others' start.
        return Math.max(time, (ends.get(trackId) ?? atStart).decode);
      });
      sequence += 1;
      const placed = placeFragment(fragment, init.tracks, { sequence, baseDecodeTimes });
      placed.tracks.forEach(remember);
      durationSeconds = Math.max(durationSeconds, placed.endSeconds);
      return placed;
    },
  };
}

function shownStart(samples: FragmentTrack): number {
  return presentationTimes(samples).reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
}

function shownEnd(samples: FragmentTrack): number {
  return presentationTimes(samples).reduce(
    (latest, time, index) => Math.max(latest, time + (samples.durations[index] ?? 0)),
    0,
  );
}
