import { type Box, boxesIn, findBox, viewOf } from './box-read.ts';
import { box, fullBox, joinBytes, type Pieces, uint32s, uint64s, writeUint64 } from './box-write.ts';
import { readTrackId } from './fragment-init.ts';
import type { InitSegment } from './media.ts';
import { makeSampleTable } from './mp4-sample-table.ts';
import type { TrackTables } from './mp4-track-index.ts';

/** Units per second of the movie's own times: fine enough that an edit keeps sound and picture within 11 µs. */
const movieTimescale = 90_000;

/**
 * The `moov` of a finished file: the init's, with tables in place of the promise of fragments. `shift` is added
 * to every position. Tracks without samples are left out.
 */
export function makeMovieIndex(
  init: InitSegment,
  tables: readonly TrackTables[],
  shift = 0,
): Uint8Array<ArrayBuffer> {
  const { bytes } = init;
  const moov = findBox(bytes, { body: 0, end: bytes.length }, 'moov');
  if (moov === undefined) throw new RangeError('an init segment without moov');
  // What is shown first is shown at 0, in which track ever it is.
  const origin = Math.min(...tables.map(({ shownStart, track }) => shownStart / track.timescale));
  const parts: (Uint8Array | Pieces)[] = [];
  for (const child of boxesIn(bytes, moov.body, moov.end)) {
    if (child.type === 'mvhd') parts.push(makeMovieHeader(bytes, child, tables, origin));
    if (child.type === 'udta') parts.push(bytes.subarray(child.start, child.end));
    if (child.type !== 'trak') continue;
    const tkhd = findBox(bytes, child, 'tkhd');
    const own = tables.find(({ track }) => tkhd !== undefined && track.id === readTrackId(bytes, tkhd));
    if (tkhd !== undefined && own !== undefined)
      parts.push(makeTrack(bytes, child, tkhd, { own, origin, shift }));
  }
  return joinBytes(box('moov', ...parts));
}

interface TrackContext {
  readonly own: TrackTables;
  readonly origin: number;
  readonly shift: number;
}

function makeTrack(bytes: Uint8Array, trak: Box, tkhd: Box, { own, origin, shift }: TrackContext): Pieces {
  const copy = (...path: readonly string[]) => {
    const found = findBox(bytes, trak, ...path);
    return found === undefined ? [] : [bytes.subarray(found.start, found.end)];
  };
  const media = ['vmhd', 'smhd', 'nmhd', 'dinf'].flatMap((type) => copy('mdia', 'minf', type));
  return box(
    'trak',
    withDuration(bytes, tkhd, { narrow: 20, wide: 28 }, shownUntil(own, origin)),
    ...makeEdits(own, origin),
    box(
      'mdia',
      makeMediaHeader(bytes, trak, own.duration),
      ...copy('mdia', 'hdlr'),
      box('minf', ...media, makeSampleTable(own, shift)),
    ),
  );
}

/** In the movie's units. */
function shownUntil({ shownEnd, track }: TrackTables, origin: number): number {
  return Math.round((shownEnd / track.timescale - origin) * movieTimescale);
}

/**
 * `edts` (8.6.5): nothing until the track begins, then all of it, from the first sample that is shown. None is
 * needed for a track that begins at 0 with its first sample.
 */
function makeEdits(own: TrackTables, origin: number): Pieces[] {
  const { timescale } = own.track;
  const start = Math.round((own.shownStart / timescale - origin) * movieTimescale);
  // Frames that are shown before the first one decoded cannot be named by an edit; they stay outside.
  const mediaTime = Math.max(0, own.shownStart - own.decodeStart);
  if (start === 0 && mediaTime === 0) return [];
  const length = Math.round(((own.shownEnd - own.shownStart) / timescale) * movieTimescale);
  const edits =
    start > 0
      ? [
          [start, -1],
          [length, mediaTime],
        ]
      : [[length, mediaTime]];
  const rate = uint32s([0x10000]);
  const rows = edits.flatMap(([duration = 0, time = 0]) => [
    uint64s([duration]),
    time < 0 ? uint32s([0xffffffff, 0xffffffff]) : uint64s([time]),
    rate,
  ]);
  return [box('edts', fullBox('elst', 1, 0, uint32s([edits.length]), ...rows))];
}

function makeMovieHeader(
  bytes: Uint8Array,
  mvhd: Box,
  tables: readonly TrackTables[],
  origin: number,
): Pieces {
  const duration = Math.max(0, ...tables.map((own) => shownUntil(own, origin)));
  const header = withDuration(bytes, mvhd, { narrow: 16, wide: 24 }, duration);
  const [, body] = header.list;
  // The timescale stands after version, flags and two times of 64 bits.
  if (body !== undefined) viewOf(body).setUint32(20, movieTimescale);
  return header;
}

/** `mdhd` (8.4.2) in the track's own units. */
function makeMediaHeader(bytes: Uint8Array, trak: Box, duration: number): Pieces {
  const mdhd = findBox(bytes, trak, 'mdia', 'mdhd');
  if (mdhd === undefined) throw new RangeError('a track without mdhd');
  return withDuration(bytes, mdhd, { narrow: 16, wide: 24 }, duration);
}

/**
 * The header box with another duration, in version 1: at 90 kHz 32 bits are full after 13 hours. `at`: where the
 * duration stands after the box's header, in version 0 and in version 1.
 */
function withDuration(
  bytes: Uint8Array,
  header: Box,
  at: { readonly narrow: number; readonly wide: number },
  duration: number,
): Pieces {
  const old = bytes.subarray(header.body, header.end);
  const wideAlready = old[0] === 1;
  const body = new Uint8Array(wideAlready ? old.length : old.length + 12);
  if (wideAlready) body.set(old);
  else {
    // Creation and modification time take 4 bytes more each, and so does the duration.
    body.set(old.subarray(0, 4));
    body.set(old.subarray(4, 8), 8);
    body.set(old.subarray(8, 12), 16);
    body.set(old.subarray(12, at.narrow), 20);
    body.set(old.subarray(at.narrow + 4), at.wide + 8);
    body[0] = 1;
  }
  writeUint64(viewOf(body), at.wide, duration);
  return box(header.type, body);
}
