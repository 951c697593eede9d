import { isSyncSample } from './fragment.ts';
import type { FragmentTrack, Track } from './media.ts';
import { createPositionColumn, createRuns, createUint32Column } from './mp4-column.ts';

/** What a finished file says of one track; times in the track's units, from the file's start. */
export interface TrackTables {
  readonly track: Track;
  /** Earliest and latest instant at which something of it is shown. */
  readonly shownStart: number;
  readonly shownEnd: number;
  /** Decode time of its first sample. */
  readonly decodeStart: number;
  /** Sum of all durations. */
  readonly duration: number;
  /** `stts` and `ctts`: count, value, … ; the latter absent when nothing is reordered. */
  readonly durations: Uint32Array;
  readonly compositionOffsets: Uint32Array | undefined;
  readonly sizes: Uint32Array;
  /** Numbers of the samples that can be decoded by themselves, from 1; absent when all can. */
  readonly syncSamples: Uint32Array | undefined;
  readonly chunkOffsets: Float64Array;
  /** Samples in each chunk. */
  readonly chunkLengths: Uint32Array;
}

/** The tables of one track as they grow, some ten bytes a sample. */
export interface TrackIndex {
  /** Without samples there is nothing to say. */
  readonly tables: TrackTables | undefined;
  /** Notes a fragment's samples, whose fragment lies at this offset of the file. */
  add(samples: FragmentTrack, fragmentOffset: number): void;
}

export function createTrackIndex(track: Track): TrackIndex {
  const durations = createRuns();
  const compositionOffsets = createRuns();
  const sizes = createUint32Column();
  const syncSamples = createUint32Column();
  const chunkOffsets = createPositionColumn();
  const chunkLengths = createUint32Column();
  let decodeStart = 0;
  /** Where the next sample belongs if nothing is missing. */
  let decodeEnd = 0;
  let shownStart = Number.POSITIVE_INFINITY;
  let shownEnd = 0;
  let reordered = false;

  /** A sample lasts until the next one begins, whatever its fragment, which could not know, says. */
  function alignTo(time: number): void {
    if (sizes.length === 0) {
      decodeStart = time;
      decodeEnd = time;
    }
    const missing = time - decodeEnd;
    if (missing === 0) return;
    durations.replaceLast((duration) => Math.max(0, duration + missing));
    decodeEnd = time;
  }

  return {
    get tables() {
      if (sizes.length === 0) return undefined;
      return {
        track,
        shownStart,
        shownEnd,
        decodeStart,
        duration: decodeEnd - decodeStart,
        durations: durations.entries(),
        compositionOffsets: reordered ? compositionOffsets.entries() : undefined,
        sizes: sizes.values(),
        syncSamples: syncSamples.length === sizes.length ? undefined : syncSamples.values(),
        chunkOffsets: chunkOffsets.values(),
        chunkLengths: chunkLengths.values(),
      };
    },
    add(samples, fragmentOffset) {
      alignTo(samples.baseDecodeTime);
      let chunkEnd = -1;
      let chunkLength = 0;
      const endChunk = () => {
        if (chunkLength > 0) chunkLengths.push(chunkLength);
        chunkLength = 0;
      };
      for (let index = 0; index < samples.sizes.length; index++) {
        const size = samples.sizes[index] ?? 0;
        const duration = samples.durations[index] ?? 0;
        const compositionOffset = samples.compositionOffsets[index] ?? 0;
        const offset = samples.offsets[index] ?? 0;
        if (offset !== chunkEnd) {
          endChunk();
          chunkOffsets.push(fragmentOffset + offset);
        }
        chunkEnd = offset + size;
        chunkLength += 1;
        sizes.push(size);
        durations.push(duration);
        compositionOffsets.push(compositionOffset >>> 0);
        reordered ||= compositionOffset !== 0;
        if (isSyncSample(samples.flags[index] ?? 0)) syncSamples.push(sizes.length);
        const shown = decodeEnd + compositionOffset;
        shownStart = Math.min(shownStart, shown);
        shownEnd = Math.max(shownEnd, shown + duration);
        decodeEnd += duration;
      }
      endChunk();
    },
  };
}
