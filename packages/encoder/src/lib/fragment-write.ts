import { box, fullBox, joinBytes, pieces, uint32s, uint64s } from './box-write.ts';
import { describeFragment } from './fragment.ts';
import type { Fragment, FragmentTrack, Track } from './media.ts';

/** tfhd: offsets count from the `moof` (ISO/IEC 14496-12, 8.8.7). */
const defaultBaseIsMoof = 0x020000;
/** trun: data offset, and per sample duration, size, flags and composition offset (8.8.8). */
const everything = 0x1 | 0x100 | 0x200 | 0x400 | 0x800;

/**
 * A fragment of these samples, whose bytes are taken from `source` at their offsets. Every value of every sample
 * is spelt out, so nothing in it depends on its init, on its place or on what comes before it.
 */
export function writeFragment(
  source: Uint8Array,
  samples: readonly FragmentTrack[],
  tracks: readonly Track[],
): Fragment {
  const moofSize = makeMoof(samples).size;
  let position = moofSize + 8;
  const data: Uint8Array[] = [];
  const placed = samples.map((track) => {
    const offsets = new Uint32Array(track.sizes.length);
    track.sizes.forEach((size, index) => {
      const from = track.offsets[index] ?? 0;
      data.push(source.subarray(from, from + size));
      offsets[index] = position;
      position += size;
    });
    return { ...track, offsets };
  });
  const bytes = joinBytes(pieces(makeMoof(placed), box('mdat', ...data)));
  return describeFragment(bytes, placed, tracks);
}

function makeMoof(samples: readonly FragmentTrack[]) {
  return box('moof', fullBox('mfhd', 0, 0, uint32s([0])), ...samples.map(makeTraf));
}

function makeTraf(track: FragmentTrack) {
  const count = track.sizes.length;
  const rows = new Uint32Array(count * 4);
  for (let index = 0; index < count; index++) {
    rows[index * 4] = track.durations[index] ?? 0;
    rows[index * 4 + 1] = track.sizes[index] ?? 0;
    rows[index * 4 + 2] = track.flags[index] ?? 0;
    rows[index * 4 + 3] = track.compositionOffsets[index] ?? 0;
  }
  return box(
    'traf',
    fullBox('tfhd', 0, defaultBaseIsMoof, uint32s([track.trackId])),
    fullBox('tfdt', 1, 0, uint64s([track.baseDecodeTime])),
    fullBox('trun', 1, everything, uint32s([count, track.offsets[0] ?? 0]), uint32s(rows)),
  );
}
