import { trackEnd } from './fragment-moof.ts';
import type { Fragment, FragmentTrack, Track } from './media.ts';

/** Bit 16 of a sample's flags (ISO/IEC 14496-12, 8.8.3.1): it cannot be decoded by itself. */
const notSyncSample = 0x10000;

export function isSyncSample(flags: number): boolean {
  return (flags & notSyncSample) === 0;
}

/** Start, end and key frame, out of the samples. */
export function describeFragment(
  bytes: Uint8Array,
  samples: readonly FragmentTrack[],
  tracks: readonly Track[],
): Fragment {
  const byId = new Map(tracks.map((track) => [track.id, track]));
  const timescaleOf = ({ trackId }: FragmentTrack) => byId.get(trackId)?.timescale ?? 1;
  const leadingType = tracks.some((track) => track.type === 'video') ? 'video' : 'audio';
  const leading = samples.find(({ trackId }) => byId.get(trackId)?.type === leadingType);
  const firstFlags = leading?.flags[0];
  return {
    kind: 'fragment',
    bytes,
    tracks: samples,
    startsWithKeyFrame: firstFlags !== undefined && isSyncSample(firstFlags),
    startSeconds: Math.min(...samples.map((track) => track.baseDecodeTime / timescaleOf(track))),
    endSeconds: Math.max(...samples.map((track) => trackEnd(track) / timescaleOf(track))),
  };
}
