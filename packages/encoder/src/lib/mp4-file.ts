import { boxesIn } from './box-read.ts';
import { box, freeBox, joinBytes, pieces, uint32s, uint64s, writeType } from './box-write.ts';
import type { Fragment, InitSegment } from './media.ts';
import { minFillerSize } from './mp4-filler.ts';
import { makeMovieIndex } from './mp4-index.ts';
import { createRandomAccess } from './mp4-random-access.ts';
import { indexRoom } from './mp4-room.ts';
import { createTrackIndex } from './mp4-track-index.ts';

export interface Mp4FileOptions {
  readonly init: InitSegment;
  /** Longest media the file is expected to get; sets the room that is reserved for the index. */
  readonly maxSeconds: number;
  /** Frames per second, if known; 30 by default. */
  readonly frameRate?: number;
  /** Once written, the first bytes stay as they are: no room is reserved, and the file ends with its `trailer`. */
  readonly headStays?: boolean;
}

/**
 * The layout of one MP4 that can be played at any moment while it grows and is an ordinary file with its
 * index in front once finished. It holds the index only, never the media.
 */
export interface Mp4File {
  /** The first bytes of the file; fragments follow. */
  readonly head: Uint8Array;
  /** Media so far, in seconds. */
  readonly durationSeconds: number;
  /** Notes a fragment that was written at this offset of the file. In order. */
  add(fragment: Fragment, offset: number): void;
  /**
   * The index of the file, now `size` bytes long: `head` replaces as many of its first bytes; `tail`, present
   * when the reserved room was too small, is appended.
   */
  finish(size: number): { readonly head: Uint8Array; readonly tail?: Uint8Array };
  /**
   * What is appended to a file whose head stays: where it can be entered. It remains a file of fragments, which all
   * readers play, and some seek better in with this.
   */
  trailer(): Uint8Array;
  /**
   * For a file of `size` bytes whose start can still get another length: `bytes` replaces its first `length`
   * ones, without reserved room.
   */
  compact(size: number): { readonly length: number; readonly bytes: Uint8Array };
}

const defaultFrameRate = 30;
/** A `free` box at first, at the end the header of an `mdat` with a 64-bit size. */
const placeholderSize = 16;

/**
 * In order: `ftyp`, `free` with room for the index, `free` of 16 bytes, the init's `moov`, fragments. In the end:
 * `ftyp`, index, what is left of the room, `mdat` with all the rest in it, the init's `moov` first, by which a
 * reader of ours knows such a file. Where the head stays: `ftyp`, `free`, `moov`, fragments, `mfra`.
 */
export function createMp4File(options: Mp4FileOptions): Mp4File {
  const { init, maxSeconds, frameRate = defaultFrameRate, headStays = false } = options;
  const ftyp = makeFileType();
  const room = headStays ? minFillerSize : indexRoom(init, maxSeconds, frameRate);
  const mediaStart = ftyp.length + room;
  const indexes = init.tracks.map((track) => ({ id: track.id, index: createTrackIndex(track) }));
  const access = createRandomAccess(init);
  let durationSeconds = 0;

  const makeIndex = (shift: number) => {
    const tables = indexes.map(({ index }) => index.tables).filter((track) => track !== undefined);
    return makeMovieIndex(init, tables, shift);
  };

  return {
    head: joinBytes(pieces(ftyp, freeBox(room), freeBox(placeholderSize), initMovie(init))),
    get durationSeconds() {
      return durationSeconds;
    },
    add(fragment, offset) {
      for (const samples of fragment.tracks) {
        indexes.find(({ id }) => id === samples.trackId)?.index.add(samples, offset);
      }
      access.add(fragment, offset);
      durationSeconds = Math.max(durationSeconds, fragment.endSeconds);
    },
    finish(size) {
      const moov = makeIndex(0);
      const mdat = makeMediaHeader(size - mediaStart);
      const left = room - moov.length;
      if (left !== 0 && left < minFillerSize) {
        return { head: joinBytes(pieces(ftyp, freeBox(room), mdat)), tail: moov };
      }
      const rest = left === 0 ? [] : [freeBox(left)];
      return { head: joinBytes(pieces(ftyp, moov, ...rest, mdat)) };
    },
    trailer: () => access.box(),
    compact(size) {
      const shift = makeIndex(0).length - room;
      const bytes = joinBytes(pieces(ftyp, makeIndex(shift), makeMediaHeader(size - mediaStart)));
      return { length: mediaStart + placeholderSize, bytes };
    },
  };
}

/** The brands of an ordinary file that may hold fragments: those of ffmpeg's (iso5) keep old players away. */
function makeFileType(): Uint8Array {
  const brands = ['isom', 'iso2', 'avc1', 'iso6', 'mp41'];
  const types = new Uint8Array(4 * (brands.length + 1));
  ['isom', ...brands].forEach((type, index) => {
    writeType(types, index * 4, type);
  });
  return joinBytes(box('ftyp', types.subarray(0, 4), uint32s([0x200]), types.subarray(4)));
}

function initMovie({ bytes }: InitSegment): Uint8Array {
  for (const child of boxesIn(bytes, 0, bytes.length)) {
    if (child.type === 'moov') return bytes.subarray(child.start, child.end);
  }
  throw new RangeError('an init segment without moov');
}

/** Of an `mdat` of this size, its header included. */
function makeMediaHeader(size: number): Uint8Array {
  const bytes = new Uint8Array(placeholderSize);
  bytes.set(uint32s([1]));
  writeType(bytes, 4, 'mdat');
  bytes.set(uint64s([size]), 8);
  return bytes;
}
