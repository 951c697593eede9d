import { box, fullBox, type Pieces, uint32s, uint64s } from './box-write.ts';
import type { TrackTables } from './mp4-track-index.ts';

/** `stbl` (ISO/IEC 14496-12, 8.5): where each sample is and when. `shift` is added to every position. */
export function makeSampleTable(tables: TrackTables, shift: number): Pieces {
  const { compositionOffsets, syncSamples } = tables;
  const chunks = sampleToChunk(tables.chunkLengths);
  return box(
    'stbl',
    tables.track.sampleDescription,
    fullBox('stts', 0, 0, uint32s([tables.durations.length / 2]), uint32s(tables.durations)),
    ...(compositionOffsets === undefined
      ? []
      : [fullBox('ctts', 1, 0, uint32s([compositionOffsets.length / 2]), uint32s(compositionOffsets))]),
    ...(syncSamples === undefined
      ? []
      : [fullBox('stss', 0, 0, uint32s([syncSamples.length]), uint32s(syncSamples))]),
    fullBox('stsc', 0, 0, uint32s([chunks.length / 3]), uint32s(chunks)),
    fullBox('stsz', 0, 0, uint32s([0, tables.sizes.length]), uint32s(tables.sizes)),
    makeChunkOffsets(tables.chunkOffsets, shift),
  );
}

/** `stsc`: from which chunk on there are how many samples in each, of description 1. */
function sampleToChunk(chunkLengths: Uint32Array): number[] {
  const entries: number[] = [];
  chunkLengths.forEach((length, index) => {
    if (length !== chunkLengths[index - 1]) entries.push(index + 1, length, 1);
  });
  return entries;
}

/**
 * `co64` where one unshifted position needs it, so that the table has the same size with any shift (which only
 * ever makes positions smaller).
 */
function makeChunkOffsets(offsets: Float64Array, shift: number): Pieces {
  const shifted = offsets.map((offset) => offset + shift);
  const large = (offsets.at(-1) ?? 0) > 0xffffffff;
  const count = uint32s([offsets.length]);
  return large
    ? fullBox('co64', 0, 0, count, uint64s(shifted))
    : fullBox('stco', 0, 0, count, uint32s(shifted));
}
