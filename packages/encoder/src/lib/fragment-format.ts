import { boxesIn } from './box-read.ts';
import { readAvcConfig } from './fragment-avc-config.ts';
import { decoderConfigOf, firstSampleEntry, insideEntry } from './fragment-codec.ts';
import type { InitSegment, Track } from './media.ts';

/**
 * Can samples of both lie in one file? The same tracks in the same units, decoded by the same parameters.
 * Bit rates (`btrt`, `esds`) are no such parameters: ffmpeg fills them with what a stream happens to announce.
 */
export function sameFormat(one: InitSegment, other: InitSegment): boolean {
  return (
    one.tracks.length === other.tracks.length &&
    one.tracks.every((track) => {
      const twin = other.tracks.find((candidate) => candidate.id === track.id);
      return (
        twin !== undefined &&
        twin.type === track.type &&
        twin.timescale === track.timescale &&
        Buffer.compare(decodingOf(track), decodingOf(twin)) === 0
      );
    })
  );
}

function decodingOf(track: Track): Uint8Array {
  const stsd = track.sampleDescription.slice();
  const entry = firstSampleEntry(stsd);
  if (entry === undefined) return stsd;
  const inside = insideEntry(entry, track.type);
  const config = track.type === 'audio' ? decoderConfigOf(stsd, entry) : undefined;
  if (config) stsd.fill(0, config.bitratesAt, config.bitratesAt + 8);
  const kept: Uint8Array[] = [stsd.subarray(entry.start + 4, inside.body)];
  for (const box of boxesIn(stsd, inside.body, inside.end)) {
    if (box.type === 'btrt') continue;
    kept.push(...(box.type === 'avcC' ? parameterSetsOf(stsd) : [stsd.subarray(box.start, box.end)]));
  }
  return Buffer.concat(kept);
}

/** Each after its length, without the header, whose profile and level the first of them says too. */
function parameterSetsOf(stsd: Uint8Array): Uint8Array[] {
  const config = readAvcConfig(stsd);
  const sets = [...(config?.sequenceSets ?? []), ...(config?.pictureSets ?? [])];
  return sets.flatMap((set) => [Uint8Array.from([set.length >> 8, set.length & 0xff]), set]);
}
