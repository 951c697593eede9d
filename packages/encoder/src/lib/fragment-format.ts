import { boxesIn } from './box-read.ts';
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
        Buffer.compare(withoutBitrates(track), withoutBitrates(twin)) === 0
      );
    })
  );
}

function withoutBitrates(track: Track): Uint8Array {
  const stsd = track.sampleDescription.slice();
  const entry = firstSampleEntry(stsd);
  if (entry === undefined) return stsd;
  const inside = insideEntry(entry, track.type);
  const config = track.type === 'audio' ? decoderConfigOf(stsd, entry) : undefined;
  if (config) stsd.fill(0, config.bitratesAt, config.bitratesAt + 8);
  const kept = [stsd.subarray(entry.start + 4, inside.body)];
  for (const box of boxesIn(stsd, inside.body, inside.end)) {
    if (box.type !== 'btrt') kept.push(stsd.subarray(box.start, box.end));
  }
  return Buffer.concat(kept);
}
