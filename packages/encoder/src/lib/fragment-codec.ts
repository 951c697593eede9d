import { type Box, boxesIn, findBox } from './box-read.ts';

/** Bytes of a VisualSampleEntry before its boxes (ISO/IEC 14496-12, 12.1.3), header not counted. */
const visualEntrySize = 78;
/** Likewise of an AudioSampleEntry of version 0 (12.2.3). */
const audioEntrySize = 28;

/** Where the boxes of a sample entry are. */
export function insideEntry(entry: Box, type: 'video' | 'audio'): { body: number; end: number } {
  return { body: entry.body + (type === 'video' ? visualEntrySize : audioEntrySize), end: entry.end };
}

/** First sample entry of an `stsd` box; positions count from the start of these bytes. */
export function firstSampleEntry(stsd: Uint8Array): Box | undefined {
  for (const entry of boxesIn(stsd, 16, stsd.length)) return entry;
  return undefined;
}

/** RFC 6381 for H.264 and AAC; of anything else the name of the sample entry. */
export function codecOf(stsd: Uint8Array, entry: Box, type: 'video' | 'audio'): string {
  const inside = insideEntry(entry, type);
  const avcC = findBox(stsd, inside, 'avcC');
  if (avcC !== undefined) {
    const profile = [...stsd.subarray(avcC.body + 1, avcC.body + 4)];
    return `${entry.type}.${profile.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  }
  const config = decoderConfigOf(stsd, entry);
  if (config === undefined) return entry.type;
  const objectType = config.objectType.toString(16);
  return config.audioObjectType === undefined
    ? `${entry.type}.${objectType}`
    : `${entry.type}.${objectType}.${config.audioObjectType}`;
}

/** The decoder configuration of a sound track; undefined where there is none. */
export function decoderConfigOf(stsd: Uint8Array, entry: Box): DecoderConfig | undefined {
  const esds = findBox(stsd, insideEntry(entry, 'audio'), 'esds');
  return esds && readDecoderConfig(stsd, esds);
}

/** By channelConfiguration (ISO/IEC 14496-3, 1.6.3.5). */
const channelCounts = [undefined, 1, 2, 3, 4, 5, 6, 8];

export interface DecoderConfig {
  /** 0x40: MPEG-4 audio; 0x69 and 0x6b: MP3. */
  readonly objectType: number;
  /** 2: AAC-LC. Absent for what is no MPEG-4 audio. */
  readonly audioObjectType?: number;
  /** As the decoder will give them; sample entries always claim two. Absent where the configuration does not say. */
  readonly channels?: number;
  /** Where maximum and average bit rate stand, 4 bytes each. */
  readonly bitratesAt: number;
}

/** The DecoderConfigDescriptor in `esds` (ISO/IEC 14496-1, 7.2.6.6). */
function readDecoderConfig(bytes: Uint8Array, esds: Box): DecoderConfig | undefined {
  let at = esds.body + 4;
  const enter = (expected: number): boolean => {
    if (at >= esds.end || bytes[at++] !== expected) return false;
    // The size is written in up to four bytes of 7 bits; what it says does not matter here.
    while (at < esds.end && (bytes[at++] ?? 0) >= 0x80);
    return at < esds.end;
  };
  if (!enter(3)) return undefined;
  const flags = bytes[at + 2] ?? 0;
  at += 3 + (flags & 0x80 ? 2 : 0) + (flags & 0x20 ? 2 : 0);
  if (flags & 0x40 || !enter(4)) return undefined;
  const objectType = bytes[at] ?? 0;
  const bitratesAt = at + 5;
  at += 13;
  if (objectType !== 0x40 || !enter(5)) return { objectType, bitratesAt };
  const first = bytes[at] ?? 0;
  const second = bytes[at + 1] ?? 0;
  // 31 says that the type follows in the next six bits.
  if (first >> 3 === 31)
    return { objectType, audioObjectType: 32 + ((first & 7) << 3) + (second >> 5), bitratesAt };
  const channels = channelCounts[(second >> 3) & 0xf];
  return { objectType, audioObjectType: first >> 3, bitratesAt, ...(channels ? { channels } : {}) };
}
