import { TapedeckError } from '@tapedeck/core';
import { type BoxHeader, maxBoxHeaderSize, readBoxHeader } from './box-read.ts';
import { describeFragment } from './fragment.ts';
import { createCollector } from './fragment-collector.ts';
import { type ParsedInit, parseInit } from './fragment-init.ts';
import { parseMoof } from './fragment-moof.ts';
import { writeFragment } from './fragment-write.ts';
import type { Fragment, InitSegment } from './media.ts';

/** Cuts a stream of bytes into what it is made of. Synchronous; holds at most one fragment. */
export interface FragmentReader {
  /**
   * What became complete with this chunk, in order. Throws TapedeckError `SourceNotMedia` on bytes that are
   * no fragmented MP4; the reader is of no use then.
   */
  push(chunk: Uint8Array): readonly (InitSegment | Fragment)[];
  /** The stream is over; says how many bytes belong to something that never became complete. Never throws. */
  end(): { readonly bytesLeftOver: number };
}

/** A minute between key frames at 60 Mbit/s; what claims more is taken for damage, not for a fragment. */
const maxFragmentSize = 512 * 1024 * 1024;
/** An init has some kB; a `moov` above this is the index of a finished file and is passed over unread. */
const maxInitSize = 1024 * 1024;
const maxFtypSize = 4096;
/** Some hundred thousand samples. */
const maxMoofSize = 16 * 1024 * 1024;

/** Reserved room, side data and indexes: passed over. */
const skippedTypes = new Set([
  'free',
  'skip',
  'wide',
  'styp',
  'sidx',
  'ssix',
  'mfra',
  'emsg',
  'prft',
  'uuid',
  'udta',
  'meta',
  'pdin',
]);

/**
 * Reads what ffmpeg writes into a pipe, and our own files: cut off after any byte, or finished, where the first
 * `moov` is an index and all else lies in one `mdat`, which is entered. So files are joined by reading them again.
 */
export function createMp4FragmentReader(): FragmentReader {
  const input = createCollector();
  let ftyp: Uint8Array = new Uint8Array();
  let parsed: ParsedInit | undefined;
  let moof: { bytes: Uint8Array; position: number } | undefined;
  let ends = new Map<number, number>();
  let found: (InitSegment | Fragment)[] = [];

  /** Handles the box whose header stands next; false while bytes are missing. */
  function step(): boolean {
    if (input.skipping) return false;
    const header = readBoxHeader(input.peek(maxBoxHeaderSize));
    if (header === undefined) return false;
    check(header);
    if (moof !== undefined) return readMediaData(moof, header);
    if (skippedTypes.has(header.type)) return skip(header);
    switch (header.type) {
      case 'ftyp':
        return whole(header, maxFtypSize, (bytes) => {
          ftyp = bytes;
        });
      case 'moov':
        return header.size > maxInitSize ? skip(header) : whole(header, maxInitSize, readMovie);
      case 'moof':
        if (parsed === undefined) throw notMedia('a fragment comes before any description of the tracks');
        return whole(header, maxMoofSize, (bytes) => {
          moof = { bytes, position: input.position - bytes.length };
        });
      case 'mdat':
        return enterMediaData(header);
      default:
        throw notMedia(`${JSON.stringify(header.type)} is no box that belongs there`);
    }
  }

  function check({ type, headerSize, size }: BoxHeader): void {
    if (!/^[\x20-\x7e]{4}$/.test(type) || (size < headerSize && size !== 0)) {
      throw notMedia('there is no box where one should begin');
    }
    if (size === 0 && !skippedTypes.has(type)) throw notMedia(`a ${type} of unknown size`);
  }

  function skip({ size }: BoxHeader): boolean {
    input.skip(size === 0 ? Number.POSITIVE_INFINITY : size);
    return true;
  }

  function whole(header: BoxHeader, maxSize: number, use: (bytes: Uint8Array<ArrayBuffer>) => void): boolean {
    if (header.size > maxSize) throw notMedia(`a ${header.type} of ${header.size} bytes`);
    const bytes = input.collect(header.size);
    if (bytes === undefined) return false;
    use(bytes);
    return true;
  }

  function readMovie(bytes: Uint8Array): void {
    const next = parseInit(ftyp, bytes);
    if (next === undefined) return;
    parsed = next;
    ends = new Map();
    found.push(next.init);
  }

  function readMediaData(begun: { bytes: Uint8Array; position: number }, header: BoxHeader): boolean {
    if (header.type !== 'mdat')
      throw notMedia(`${JSON.stringify(header.type)} where a fragment's samples should be`);
    const size = begun.bytes.length + header.size;
    if (size > maxFragmentSize) throw notMedia(`a fragment of ${size} bytes`);
    const bytes = input.collect(header.size, begun.bytes);
    if (bytes === undefined) return false;
    moof = undefined;
    const fragment = parsed && readFragment(bytes, begun, { ...parsed, ends });
    if (fragment !== undefined) found.push(fragment);
    return true;
  }

  /** The `mdat` around everything in a finished file begins with the init; any other is of an ordinary MP4. */
  function enterMediaData(header: BoxHeader): boolean {
    const start = input.peek(header.headerSize + 8).subarray(header.headerSize + 4);
    if (start.length < 4) return false;
    if (String.fromCharCode(...start) !== 'moov') throw notMedia('it is an MP4 without fragments');
    input.skip(header.headerSize);
    return true;
  }

  return {
    push(chunk) {
      found = [];
      input.push(chunk);
      try {
        while (step());
      } catch (error) {
        // Reading outside of the bytes is how a damaged box shows.
        throw error instanceof RangeError ? notMedia(error.message) : error;
      }
      return found;
    },
    end: () => ({ bytesLeftOver: input.held + (moof?.bytes.length ?? 0) }),
  };
}

function readFragment(
  bytes: Uint8Array,
  moof: { bytes: Uint8Array; position: number },
  { init, defaults, ends }: ParsedInit & { ends: Map<number, number> },
): Fragment | undefined {
  const context = { tracks: init.tracks, defaults, position: moof.position, ends };
  const { tracks, movable } = parseMoof(bytes, moof.bytes.length, context);
  if (tracks.length === 0) return undefined;
  return movable ? describeFragment(bytes, tracks, init.tracks) : writeFragment(bytes, tracks, init.tracks);
}

function notMedia(what: string): TapedeckError {
  return new TapedeckError('SourceNotMedia', `This is not MP4 in fragments: ${what}.`);
}
