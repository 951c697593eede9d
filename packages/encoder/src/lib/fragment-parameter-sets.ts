import { type AvcConfig, readAvcConfig, withoutTrailingZeros } from './fragment-avc-config.ts';
import type { Fragment, Track } from './media.ts';

/** NAL unit types of H.264 (ITU-T H.264, 7.4.1): slices are 1 to 5. */
const lastSliceType = 5;
const sequenceParameterSet = 7;

/**
 * Tells whether a fragment's first frame carries a sequence parameter set that its track was not announced with:
 * a copied source has changed its size or profile. Reads what precedes the picture in one frame of a fragment.
 * A source whose parameter sets travel outside of the frames (RTMP) does not show its changes here with every
 * ffmpeg: `watchOutput` sees to those.
 */
export function createParameterSetCheck(tracks: readonly Track[]): (fragment: Fragment) => Track | undefined {
  const track = tracks.find((candidate) => candidate.type === 'video');
  const config = track && readAvcConfig(track.sampleDescription);
  if (track === undefined || config === undefined) return () => undefined;
  return (fragment) => {
    const samples = fragment.tracks.find((candidate) => candidate.trackId === track.id);
    if (samples === undefined || !fragment.startsWithKeyFrame) return undefined;
    const from = samples.offsets[0] ?? 0;
    const sample = fragment.bytes.subarray(from, from + (samples.sizes[0] ?? 0));
    return leadingParameterSets(sample, config.lengthSize).every((set) => isAnnounced(set, config))
      ? undefined
      : track;
  };
}

function isAnnounced(set: Uint8Array, config: AvcConfig): boolean {
  return config.sequenceSets.some((announced) => Buffer.compare(announced, set) === 0);
}

/** The sequence parameter sets before the first slice. */
function leadingParameterSets(sample: Uint8Array, lengthSize: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at + lengthSize < sample.length; ) {
    let size = 0;
    for (let index = 0; index < lengthSize; index++) size = size * 256 + (sample[at + index] ?? 0);
    at += lengthSize;
    const unit = sample.subarray(at, at + size);
    const type = (unit[0] ?? 0) & 0x1f;
    if (type >= 1 && type <= lastSliceType) break;
    if (type === sequenceParameterSet) found.push(withoutTrailingZeros(unit));
    at += size;
  }
  return found;
}
