import { type Box, boxesIn, findBox, viewOf } from './box-read.ts';
import { writeUint64 } from './box-write.ts';
import { describeFragment } from './fragment.ts';
import { writeFragment } from './fragment-write.ts';
import type { Fragment, Track } from './media.ts';

export interface Place {
  /** Number of the fragment in its file, from 1. */
  readonly sequence: number;
  /** The decode time that a track's samples shall begin with, in its units; in the order of `fragment.tracks`. */
  readonly baseDecodeTimes: readonly number[];
}

/**
 * The same samples at other times. The bytes are changed in place; only where a time needs 64 bits and has
 * room for 32 they are written anew.
 */
export function placeFragment(fragment: Fragment, tracks: readonly Track[], place: Place): Fragment {
  const samples = fragment.tracks.map((track, index) => ({
    ...track,
    baseDecodeTime: place.baseDecodeTimes[index] ?? track.baseDecodeTime,
  }));
  const inPlace = patchMoof(fragment.bytes, place);
  const placed = inPlace
    ? describeFragment(fragment.bytes, samples, tracks)
    : writeFragment(fragment.bytes, samples, tracks);
  if (!inPlace) patchMoof(placed.bytes, place);
  return placed;
}

/** Says whether all times had room. */
function patchMoof(bytes: Uint8Array, place: Place): boolean {
  const view = viewOf(bytes);
  let index = 0;
  for (const moofChild of boxesIn(bytes, 8, view.getUint32(0))) {
    if (moofChild.type === 'mfhd') view.setUint32(moofChild.body + 4, place.sequence);
    if (moofChild.type !== 'traf' || isEmpty(bytes, moofChild)) continue;
    const time = place.baseDecodeTimes[index++];
    const tfdt = findBox(bytes, moofChild, 'tfdt');
    if (time === undefined || tfdt === undefined) return false;
    if (view.getUint8(tfdt.body) === 1) writeUint64(view, tfdt.body + 4, time);
    else if (time <= 0xffffffff) view.setUint32(tfdt.body + 4, time);
    else return false;
  }
  return true;
}

/** A `traf` without samples has no entry among the fragment's tracks. */
function isEmpty(bytes: Uint8Array, traf: Box): boolean {
  const view = viewOf(bytes);
  for (const run of boxesIn(bytes, traf.body, traf.end)) {
    if (run.type === 'trun' && view.getUint32(run.body + 4) > 0) return false;
  }
  return true;
}
