import { boxesIn, viewOf } from './box-read.ts';
import { box, fullBox, joinBytes, type Pieces, uint32s, writeUint64 } from './box-write.ts';
import { isSyncSample } from './fragment.ts';
import type { Fragment, FragmentTrack, InitSegment } from './media.ts';
import { createPositionColumn } from './mp4-column.ts';

/** Time and position of 64 bits, then the numbers of `traf`, `trun` and sample in a byte each. */
const entrySize = 19;

/** Where a file of fragments can be entered, as `mfra` (ISO/IEC 14496-12, 8.8.9) says at its end. */
export interface RandomAccess {
  /** Notes a fragment that was written at this offset of the file. */
  add(fragment: Fragment, offset: number): void;
  /** The box: it has to be the last of the file, for readers look for its size in the last four bytes. */
  box(): Uint8Array;
}

export function createRandomAccess(init: InitSegment): RandomAccess {
  const tracks = init.tracks.map(({ id }) => ({
    id,
    times: createPositionColumn(),
    positions: createPositionColumn(),
    numbers: createPositionColumn(),
  }));
  return {
    add(fragment, offset) {
      const at = offset + moofStart(fragment.bytes);
      for (const [index, samples] of fragment.tracks.entries()) {
        const track = tracks.find(({ id }) => id === samples.trackId);
        // What begins with another sample is entered at the fragment before.
        if (track === undefined || !isSyncSample(samples.flags[0] ?? 0) || samples.sizes.length === 0)
          continue;
        track.times.push(Math.max(0, shownFirst(samples)));
        track.positions.push(at);
        track.numbers.push(index + 1);
      }
    },
    box() {
      const tables = tracks.map(({ id, times, positions, numbers }): Pieces => {
        const entries = new Uint8Array(times.length * entrySize);
        const view = viewOf(entries);
        for (let index = 0; index < times.length; index++) {
          const start = index * entrySize;
          writeUint64(view, start, times.values()[index] ?? 0);
          writeUint64(view, start + 8, positions.values()[index] ?? 0);
          entries.set([numbers.values()[index] ?? 1, 1, 1], start + 16);
        }
        return fullBox('tfra', 1, 0, uint32s([id, 0, times.length]), entries);
      });
      // `mfro` has 16 bytes, and the size of the box that it closes.
      const size = 8 + tables.reduce((sum, table) => sum + table.size, 0) + 16;
      return joinBytes(box('mfra', ...tables, fullBox('mfro', 0, 0, uint32s([size]))));
    },
  };
}

function moofStart(bytes: Uint8Array): number {
  for (const { type, start } of boxesIn(bytes, 0, bytes.length)) if (type === 'moof') return start;
  throw new RangeError('a fragment without moof');
}

function shownFirst({ baseDecodeTime, compositionOffsets }: FragmentTrack): number {
  return baseDecodeTime + (compositionOffsets[0] ?? 0);
}
