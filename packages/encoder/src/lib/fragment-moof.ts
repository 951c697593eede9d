import { type Box, boxesIn, findBox, readUint64, viewOf } from './box-read.ts';
import type { SampleDefaults } from './fragment-init.ts';
import type { FragmentTrack, Track } from './media.ts';

export interface ParsedMoof {
  /** One for each `traf` with samples. */
  readonly tracks: readonly FragmentTrack[];
  /**
   * It may be moved to another place and time as it is: every offset counts from its own `moof`, every `traf`
   * has a `tfdt`, and no other track than ours is in it.
   */
  readonly movable: boolean;
}

export interface MoofContext {
  readonly tracks: readonly Track[];
  readonly defaults: ReadonlyMap<number, SampleDefaults>;
  /** Of the `moof` in the stream, which absolute offsets refer to. */
  readonly position: number;
  /** Where each track's samples have ended so far, for a `traf` that does not say its time. */
  readonly ends: Map<number, number>;
}

const noDefaults: SampleDefaults = { duration: 0, size: 0, flags: 0 };

/**
 * Reads the `moof` that `bytes` begin with, its `mdat` after it (ISO/IEC 14496-12, 8.8). Throws RangeError when
 * samples lie outside of the bytes.
 */
export function parseMoof(bytes: Uint8Array, moofSize: number, context: MoofContext): ParsedMoof {
  const tracks: FragmentTrack[] = [];
  let movable = true;
  /** Where the data of the `traf` before ended: the base of one that names none. */
  let dataEnd = 0;
  for (const traf of boxesIn(bytes, 8, moofSize)) {
    if (traf.type !== 'traf') continue;
    const tfhd = findBox(bytes, traf, 'tfhd');
    if (tfhd === undefined) throw new RangeError('a traf without tfhd');
    const header = parseTfhd(bytes, tfhd, context);
    const samples = parseSamples(bytes, traf, header, header.base ?? dataEnd, context.ends);
    dataEnd = samples.dataEnd;
    const known = context.tracks.some((track) => track.id === header.trackId);
    movable &&= known && header.baseIsMoof && samples.timed;
    if (!known || samples.track.sizes.length === 0) continue;
    context.ends.set(header.trackId, trackEnd(samples.track));
    tracks.push(samples.track);
  }
  return { tracks, movable };
}

/** Decode time after the last sample. */
export function trackEnd(track: FragmentTrack): number {
  return track.durations.reduce((end, duration) => end + duration, track.baseDecodeTime);
}

interface TrafHeader extends SampleDefaults {
  readonly trackId: number;
  readonly baseIsMoof: boolean;
  /** What data offsets count from, as a position in the fragment's bytes. */
  readonly base: number | undefined;
}

/** `tfhd` (8.8.7), with what it leaves out from the track's defaults. */
function parseTfhd(bytes: Uint8Array, tfhd: Box, context: MoofContext): TrafHeader {
  const view = viewOf(bytes);
  const flags = view.getUint32(tfhd.body) & 0xffffff;
  const trackId = view.getUint32(tfhd.body + 4);
  const defaults = context.defaults.get(trackId) ?? noDefaults;
  let at = tfhd.body + 8;
  const next = (present: number, otherwise: number) => {
    if ((flags & present) === 0) return otherwise;
    at += 4;
    return view.getUint32(at - 4);
  };
  const baseIsMoof = (flags & 0x1) === 0 && (flags & 0x20000) !== 0;
  let base = baseIsMoof ? 0 : undefined;
  if (flags & 0x1) {
    base = readUint64(view, at) - context.position;
    at += 8;
  }
  next(0x2, 0); // index of the sample description
  return {
    trackId,
    baseIsMoof,
    base,
    duration: next(0x8, defaults.duration),
    size: next(0x10, defaults.size),
    flags: next(0x20, defaults.flags),
  };
}

function parseSamples(
  bytes: Uint8Array,
  traf: Box,
  header: TrafHeader,
  base: number,
  ends: ReadonlyMap<number, number>,
): { track: FragmentTrack; timed: boolean; dataEnd: number } {
  const view = viewOf(bytes);
  const tfdt = findBox(bytes, traf, 'tfdt');
  const runs = [...boxesIn(bytes, traf.body, traf.end)].filter((box) => box.type === 'trun');
  const count = runs.reduce((sum, run) => sum + countSamples(view, run), 0);
  const track: FragmentTrack = {
    trackId: header.trackId,
    baseDecodeTime: tfdt === undefined ? (ends.get(header.trackId) ?? 0) : readTfdt(view, tfdt),
    durations: new Uint32Array(count),
    sizes: new Uint32Array(count),
    compositionOffsets: new Int32Array(count),
    flags: new Uint32Array(count),
    offsets: new Uint32Array(count),
  };
  let sample = 0;
  let offset = base;
  for (const run of runs) {
    offset = readRun(view, run, { header, base, track, sample, offset });
    sample += view.getUint32(run.body + 4);
  }
  return { track, timed: tfdt !== undefined, dataEnd: offset };
}

/** `tfdt` (8.8.12). */
function readTfdt(view: DataView, tfdt: Box): number {
  return view.getUint8(tfdt.body) === 1 ? readUint64(view, tfdt.body + 4) : view.getUint32(tfdt.body + 4);
}

/** Checked against the box, so that a damaged count cannot ask for memory without end. */
function countSamples(view: DataView, run: Box): number {
  const flags = view.getUint32(run.body) & 0xffffff;
  const count = view.getUint32(run.body + 4);
  const each = 4 * [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length;
  const perSample = run.end - run.body - 8 - 4 * [0x1, 0x4].filter((flag) => flags & flag).length;
  const impossible = each > 0 ? count * each > perSample : count > maxBareSamples;
  if (impossible) throw new RangeError(`a trun that claims ${count} samples`);
  return count;
}

/** Of a `trun` that spells out nothing per sample: an hour of AAC is 170,000 samples. */
const maxBareSamples = 1_000_000;

interface RunCursor {
  readonly header: TrafHeader;
  readonly base: number;
  readonly track: FragmentTrack;
  /** Of the run's first sample among the track's. */
  readonly sample: number;
  /** Where the run before ended. */
  readonly offset: number;
}

/** `trun` (8.8.8); gives where its data ends. */
function readRun(view: DataView, run: Box, { header, base, track, sample, offset }: RunCursor): number {
  const flags = view.getUint32(run.body) & 0xffffff;
  const count = view.getUint32(run.body + 4);
  let at = run.body + 8;
  const next = () => {
    at += 4;
    return view.getUint32(at - 4);
  };
  let position = flags & 0x1 ? base + (next() | 0) : offset;
  const firstFlags = flags & 0x4 ? next() : undefined;
  for (let index = sample; index < sample + count; index++) {
    track.durations[index] = flags & 0x100 ? next() : header.duration;
    const size = flags & 0x200 ? next() : header.size;
    const ownFlags = flags & 0x400 ? next() : header.flags;
    track.sizes[index] = size;
    track.flags[index] = index === sample && firstFlags !== undefined ? firstFlags : ownFlags;
    // Version 0 says unsigned, but writers put negative offsets there too, and no true one needs the last bit.
    track.compositionOffsets[index] = flags & 0x800 ? next() : 0;
    if (position < 0 || position + size > view.byteLength)
      throw new RangeError('a sample outside its fragment');
    track.offsets[index] = position;
    position += size;
  }
  return position;
}
