import { box, fullBox, joinBytes, pieces, uint32s } from '../box-write.ts';
import { parseInit } from '../fragment-init.ts';
import { writeFragment } from '../fragment-write.ts';
import type { Fragment, FragmentTrack, InitSegment } from '../media.ts';

export const videoTimescale = 15_360;
export const frameUnits = 512;
export const audioTimescale = 48_000;
export const audioFrameUnits = 1024;

const sync = 0x02000000;
const notSync = 0x01010000;
/** A sequence parameter set and another one, as far as anybody here looks into them. */
export const sps = Uint8Array.from([0x67, 0x64, 0x00, 0x1f, 0xac]);
export const otherSps = Uint8Array.from([0x67, 0x64, 0x00, 0x28, 0xac]);

/** Likewise of a picture. */
const pps = Uint8Array.from([0x68]);

export interface SyntheticTracks {
  readonly video?: boolean;
  readonly audio?: boolean;
  readonly spsBytes?: Uint8Array;
  readonly ppsBytes?: Uint8Array;
  readonly bitrate?: number;
}

const text = (value: string) => Uint8Array.from(value, (char) => char.charCodeAt(0));
const zeros = (size: number) => new Uint8Array(size);

/** An init with H.264 (track 1) and AAC (track 2), such as ffmpeg writes. */
export function makeInit({
  video = true,
  audio = true,
  spsBytes = sps,
  ppsBytes = pps,
  bitrate = 0,
}: SyntheticTracks = {}): InitSegment {
  const tracks = [
    ...(video ? [makeTrack(1, 'vide', videoTimescale, visualEntry(spsBytes, ppsBytes))] : []),
    ...(audio ? [makeTrack(2, 'soun', audioTimescale, audioEntry(bitrate))] : []),
  ];
  const trex = [1, 2].map((id) => fullBox('trex', 0, 0, uint32s([id, 1, 0, 0, 0])));
  const mvhd = fullBox('mvhd', 0, 0, uint32s([0, 0, 1000, 0]), zeros(80));
  const moov = joinBytes(box('moov', mvhd, ...tracks, box('mvex', ...trex)));
  const parsed = parseInit(joinBytes(box('ftyp', text('iso5'), uint32s([0x200]))), moov);
  if (parsed === undefined) throw new Error('the synthetic init has no mvex');
  return parsed.init;
}

function makeTrack(id: number, handler: string, timescale: number, entry: Uint8Array) {
  const stbl = box('stbl', fullBox('stsd', 0, 0, uint32s([1]), entry));
  return box(
    'trak',
    fullBox('tkhd', 0, 3, uint32s([0, 0, id, 0, 0]), zeros(60)),
    box(
      'mdia',
      fullBox('mdhd', 0, 0, uint32s([0, 0, timescale, 0, 0x55c40000])),
      fullBox('hdlr', 0, 0, uint32s([0]), text(handler), zeros(13)),
      box('minf', stbl),
    ),
  );
}

function visualEntry(spsBytes: Uint8Array, ppsBytes: Uint8Array): Uint8Array {
  const avcC = pieces(
    Uint8Array.from([1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, spsBytes.length]),
    spsBytes,
    Uint8Array.from([1, 0, ppsBytes.length]),
    ppsBytes,
  );
  const fields = zeros(78);
  new DataView(fields.buffer).setUint16(24, 320);
  new DataView(fields.buffer).setUint16(26, 180);
  return joinBytes(box('avc1', fields, box('avcC', avcC)));
}

function audioEntry(bitrate: number): Uint8Array {
  const fields = zeros(28);
  new DataView(fields.buffer).setUint16(16, 2);
  new DataView(fields.buffer).setUint32(24, audioTimescale * 0x10000);
  const rates = uint32s([bitrate, bitrate]);
  const decoder = [...Uint8Array.from([0x40, 0x15, 0, 0, 0]), ...rates, 5, 2, 0x11, 0x90];
  const descriptor = Uint8Array.from([3, 3 + 2 + decoder.length, 0, 2, 0, 4, decoder.length, ...decoder]);
  return joinBytes(
    box('mp4a', fields, fullBox('esds', 0, 0, descriptor), box('btrt', uint32s([0, bitrate, bitrate]))),
  );
}

export interface SyntheticFragment {
  /** First decode time, in the track's units. */
  readonly videoStart?: number;
  /** 0: no picture. */
  readonly frames?: number;
  readonly audioStart?: number;
  readonly audioFrames?: number;
  readonly key?: boolean;
  /** Composition offsets of the frames in turn, repeated. */
  readonly compositionOffsets?: readonly number[];
  /** Put before the slice of the first frame. */
  readonly parameterSet?: Uint8Array;
}

/** A fragment whose samples each carry their own number, so that a lost or doubled one shows. */
export function makeFragment(init: InitSegment, options: SyntheticFragment): Fragment {
  const { videoStart = 0, frames = 30, audioStart = 0, audioFrames = 47, key = true } = options;
  const data: Uint8Array[] = [];
  let position = 0;
  const put = (bytes: Uint8Array) => {
    data.push(bytes);
    position += bytes.length;
    return position - bytes.length;
  };
  const tracks: FragmentTrack[] = [];
  const add = (trackId: number, baseDecodeTime: number, count: number, duration: number) => {
    if (count === 0 || !init.tracks.some((track) => track.id === trackId)) return;
    const video = trackId === 1;
    const samples = Array.from({ length: count }, (_, index) => {
      const set = video && index === 0 ? options.parameterSet : undefined;
      return nalUnits(baseDecodeTime / duration + index, set);
    });
    tracks.push({
      trackId,
      baseDecodeTime,
      durations: new Uint32Array(count).fill(duration),
      sizes: Uint32Array.from(samples, (sample) => sample.length),
      compositionOffsets: Int32Array.from({ length: count }, (_, index) =>
        video ? (options.compositionOffsets?.[index % options.compositionOffsets.length] ?? 0) : 0,
      ),
      flags: Uint32Array.from({ length: count }, (_, index) =>
        video && (index > 0 || !key) ? notSync : sync,
      ),
      offsets: Uint32Array.from(samples, put),
    });
  };
  add(1, videoStart, frames, frameUnits);
  add(2, audioStart, audioFrames, audioFrameUnits);
  return writeFragment(Buffer.concat(data), tracks, init.tracks);
}

function nalUnits(number: number, set: Uint8Array | undefined): Uint8Array {
  const slice = pieces(uint32s([5]), Uint8Array.from([0x65]), uint32s([number]));
  const before = set === undefined ? [] : [uint32s([set.length]), set];
  return joinBytes(pieces(...before, slice));
}

/** The numbers of a track's samples, in decode order. */
export function sampleNumbers(fragments: readonly Fragment[], trackId: number): number[] {
  return fragments.flatMap((fragment) =>
    fragment.tracks
      .filter((track) => track.trackId === trackId)
      .flatMap((track) =>
        Array.from(track.offsets, (offset, index) => {
          const end = offset + (track.sizes[index] ?? 0);
          return new DataView(fragment.bytes.buffer, fragment.bytes.byteOffset).getUint32(end - 4);
        }),
      ),
  );
}

/** A live source: fragments of a second, sound cut at whole frames wherever the picture's second ends. */
export function* liveSeconds(init: InitSegment, from: number, to: number): Generator<Fragment, undefined> {
  const audioAt = (seconds: number) => Math.ceil((seconds * audioTimescale) / audioFrameUnits);
  for (let second = from; second < to; second++) {
    yield makeFragment(init, {
      videoStart: second * videoTimescale,
      audioStart: audioAt(second) * audioFrameUnits,
      audioFrames: audioAt(second + 1) - audioAt(second),
    });
  }
}
