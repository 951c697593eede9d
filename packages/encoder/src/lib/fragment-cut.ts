import { writeFragment } from './fragment-write.ts';
import type { Fragment, FragmentTrack, Track } from './media.ts';

/**
 * Half a unit: an instant that was computed in seconds and falls on a sample's edge must not be missed by a
 * rounding error.
 */
const edge = 0.5;

/**
 * What of a fragment is shown entirely before an instant (in seconds of the fragment's own times); undefined when
 * nothing is. Of a picture that is everything in decode order up to the first frame that lasts longer than that:
 * what remains needs none of what is dropped, and shows no hole.
 */
export function cutBefore(
  fragment: Fragment,
  tracks: readonly Track[],
  seconds: number,
): Fragment | undefined {
  return select(fragment, tracks, (samples, track) => {
    const limit = seconds * track.timescale + edge;
    const times = presentationTimes(samples);
    const first = times.findIndex((time, index) => time + (samples.durations[index] ?? 0) > limit);
    return { from: 0, to: first === -1 ? times.length : first };
  });
}

/** Without the sound that begins before an instant; undefined when nothing is left. */
export function cutSoundUntil(
  fragment: Fragment,
  tracks: readonly Track[],
  seconds: number,
): Fragment | undefined {
  return select(fragment, tracks, (samples, track) => {
    const times = presentationTimes(samples);
    if (track.type !== 'audio') return { from: 0, to: times.length };
    const first = times.findIndex((time) => time >= seconds * track.timescale - edge);
    return { from: first === -1 ? times.length : first, to: times.length };
  });
}

/** Without the samples that are decoded before the instant given for their track; undefined when nothing is left. */
export function cutUntil(
  fragment: Fragment,
  tracks: readonly Track[],
  instants: ReadonlyMap<number, number>,
): Fragment | undefined {
  return select(fragment, tracks, (samples, track) => {
    const limit = (instants.get(track.id) ?? Number.NEGATIVE_INFINITY) * track.timescale - edge;
    let from = 0;
    let time = samples.baseDecodeTime;
    while (from < samples.sizes.length && time < limit) time += samples.durations[from++] ?? 0;
    return { from, to: samples.sizes.length };
  });
}

/**
 * Without the frames that follow its key frame and are shown before it: they refer to what came before the key
 * frame, which is not there after a cut.
 */
export function dropLeadingFrames(fragment: Fragment, tracks: readonly Track[]): Fragment {
  const part = select(fragment, tracks, (samples, track) => {
    const times = presentationTimes(samples);
    const keyTime = times[0] ?? 0;
    const leads = (index: number) => index > 0 && (times[index] ?? 0) < keyTime;
    return { from: 0, to: times.length, ...(track.type === 'video' ? { drop: leads } : {}) };
  });
  return part ?? fragment;
}

/** Only the sound; undefined when there is none. */
export function dropPicture(fragment: Fragment, tracks: readonly Track[]): Fragment | undefined {
  return select(fragment, tracks, (samples, track) => ({
    from: 0,
    to: track.type === 'audio' ? samples.sizes.length : 0,
  }));
}

/** When each sample is shown, in the track's units, in decode order. */
export function presentationTimes(samples: FragmentTrack): Float64Array {
  const times = new Float64Array(samples.sizes.length);
  let decodeTime = samples.baseDecodeTime;
  for (let index = 0; index < times.length; index++) {
    times[index] = decodeTime + (samples.compositionOffsets[index] ?? 0);
    decodeTime += samples.durations[index] ?? 0;
  }
  return times;
}

interface Selection {
  readonly from: number;
  readonly to: number;
  readonly drop?: (index: number) => boolean;
}

function select(
  fragment: Fragment,
  tracks: readonly Track[],
  choose: (samples: FragmentTrack, track: Track) => Selection,
): Fragment | undefined {
  let whole = true;
  const kept: FragmentTrack[] = [];
  for (const samples of fragment.tracks) {
    const track = tracks.find((candidate) => candidate.id === samples.trackId);
    if (track === undefined) continue;
    const selection = choose(samples, track);
    const part = isWhole(samples, selection) ? samples : take(samples, selection);
    whole &&= part === samples;
    if (part.sizes.length > 0) kept.push(part);
  }
  if (kept.length === 0) return undefined;
  return whole ? fragment : writeFragment(fragment.bytes, kept, tracks);
}

function isWhole(samples: FragmentTrack, { from, to, drop }: Selection): boolean {
  if (from > 0 || to < samples.sizes.length) return false;
  return drop === undefined || !samples.sizes.some((_, index) => drop(index));
}

/** The chosen samples at their old times: what is left out in the middle prolongs the sample before it. */
function take(samples: FragmentTrack, { from, to, drop }: Selection): FragmentTrack {
  const chosen: number[] = [];
  const durations: number[] = [];
  let baseDecodeTime = samples.baseDecodeTime;
  for (let index = 0; index < to; index++) {
    const duration = samples.durations[index] ?? 0;
    if (index < from) baseDecodeTime += duration;
    else if (drop?.(index) !== true) {
      chosen.push(index);
      durations.push(duration);
    } else durations.push((durations.pop() ?? 0) + duration);
  }
  const pick = (values: ArrayLike<number>) => chosen.map((index) => values[index] ?? 0);
  return {
    trackId: samples.trackId,
    baseDecodeTime,
    durations: Uint32Array.from(durations),
    sizes: Uint32Array.from(pick(samples.sizes)),
    compositionOffsets: Int32Array.from(pick(samples.compositionOffsets)),
    flags: Uint32Array.from(pick(samples.flags)),
    offsets: Uint32Array.from(pick(samples.offsets)),
  };
}
