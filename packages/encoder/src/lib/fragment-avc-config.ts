import { findBox, viewOf } from './box-read.ts';
import { firstSampleEntry, insideEntry } from './fragment-codec.ts';

/** What an `avcC` box (ISO/IEC 14496-15, 5.3.3.1) says. */
export interface AvcConfig {
  /** Bytes that the size of a NAL unit is written in. */
  readonly lengthSize: number;
  readonly sequenceSets: readonly Uint8Array[];
  readonly pictureSets: readonly Uint8Array[];
}

/** Of the description of a track (`stsd`); undefined for other codecs than H264, and when it is cut short. */
export function readAvcConfig(stsd: Uint8Array): AvcConfig | undefined {
  const entry = firstSampleEntry(stsd);
  const avcC = entry && findBox(stsd, insideEntry(entry, 'video'), 'avcC');
  if (avcC === undefined || avcC.end - avcC.body < 7) return undefined;
  const view = viewOf(stsd);
  let at = avcC.body + 5;
  const readSets = (countMask: number): Uint8Array[] => {
    const sets: Uint8Array[] = [];
    if (at >= avcC.end) return sets;
    const count = view.getUint8(at++) & countMask;
    while (sets.length < count && at + 2 <= avcC.end) {
      const size = view.getUint16(at);
      sets.push(withoutTrailingZeros(stsd.subarray(at + 2, Math.min(at + 2 + size, avcC.end))));
      at += 2 + size;
    }
    return sets;
  };
  return {
    lengthSize: (view.getUint8(avcC.body + 4) & 3) + 1,
    sequenceSets: readSets(0x1f),
    pictureSets: readSets(0xff),
  };
}

/**
 * No parameter set ends in a zero byte (ITU-T H.264, 7.4.1). ffmpeg, when it takes one out of MPEG-TS, leaves one
 * there that belongs to the start code of what follows, so a segment in the middle differs from the first one.
 */
export function withoutTrailingZeros(unit: Uint8Array): Uint8Array {
  let end = unit.length;
  while (end > 0 && unit[end - 1] === 0) end -= 1;
  return unit.subarray(0, end);
}
