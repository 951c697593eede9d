import { type Box, boxesIn, findBox, viewOf } from './box-read.ts';
import { codecOf, decoderConfigOf, firstSampleEntry } from './fragment-codec.ts';
import type { InitSegment, Track } from './media.ts';

/** What a track's fragments may leave out (`trex`, ISO/IEC 14496-12, 8.8.3). */
export interface SampleDefaults {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

export interface ParsedInit {
  readonly init: InitSegment;
  /** By track id. */
  readonly defaults: ReadonlyMap<number, SampleDefaults>;
}

/**
 * An `ftyp` with a `moov` that announces fragments. Undefined for a `moov` that announces none (no `mvex`): the
 * index of a finished file.
 */
export function parseInit(ftyp: Uint8Array, moov: Uint8Array): ParsedInit | undefined {
  const whole = { body: 8, end: moov.length };
  const mvex = findBox(moov, whole, 'mvex');
  if (mvex === undefined) return undefined;
  const tracks: Track[] = [];
  for (const box of boxesIn(moov, whole.body, whole.end)) {
    const track = box.type === 'trak' ? parseTrack(moov, box) : undefined;
    if (track !== undefined) tracks.push(track);
  }
  const bytes = new Uint8Array(ftyp.length + moov.length);
  bytes.set(ftyp);
  bytes.set(moov, ftyp.length);
  return { init: { kind: 'init', bytes, tracks }, defaults: parseDefaults(moov, mvex) };
}

function parseDefaults(moov: Uint8Array, mvex: Box): Map<number, SampleDefaults> {
  const view = viewOf(moov);
  const defaults = new Map<number, SampleDefaults>();
  for (const box of boxesIn(moov, mvex.body, mvex.end)) {
    if (box.type !== 'trex' || box.end - box.body < 24) continue;
    defaults.set(view.getUint32(box.body + 4), {
      duration: view.getUint32(box.body + 12),
      size: view.getUint32(box.body + 16),
      flags: view.getUint32(box.body + 20),
    });
  }
  return defaults;
}

/** Undefined for a track that is neither picture nor sound. */
function parseTrack(moov: Uint8Array, trak: Box): Track | undefined {
  const tkhd = findBox(moov, trak, 'tkhd');
  const mdhd = findBox(moov, trak, 'mdia', 'mdhd');
  const hdlr = findBox(moov, trak, 'mdia', 'hdlr');
  const stsd = findBox(moov, trak, 'mdia', 'minf', 'stbl', 'stsd');
  if (!tkhd || !mdhd || !hdlr || !stsd) return undefined;
  const handler = String.fromCharCode(...moov.subarray(hdlr.body + 8, hdlr.body + 12));
  if (handler !== 'vide' && handler !== 'soun') return undefined;
  const sampleDescription = moov.slice(stsd.start, stsd.end);
  const entry = firstSampleEntry(sampleDescription);
  if (entry === undefined) return undefined;
  const type = handler === 'vide' ? 'video' : 'audio';
  const view = viewOf(moov);
  const common = {
    id: readTrackId(moov, tkhd),
    type,
    timescale: view.getUint32(mdhd.body + (moov[mdhd.body] === 1 ? 20 : 12)) || 1,
    codec: codecOf(sampleDescription, entry, type),
    sampleDescription,
  } as const;
  const fields = viewOf(sampleDescription);
  return type === 'video'
    ? { ...common, width: fields.getUint16(entry.body + 24), height: fields.getUint16(entry.body + 26) }
    : {
        ...common,
        channels: decoderConfigOf(sampleDescription, entry)?.channels ?? fields.getUint16(entry.body + 16),
        sampleRate: fields.getUint32(entry.body + 24) >>> 16,
      };
}

/** The id in a `tkhd` (8.3.2). */
export function readTrackId(bytes: Uint8Array, tkhd: Box): number {
  return viewOf(bytes).getUint32(tkhd.body + (bytes[tkhd.body] === 1 ? 20 : 12));
}
