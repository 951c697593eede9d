import type { FfmpegOutput } from './ffmpeg-arguments.ts';

/**
 * A second output beside a copy of H264 out of FLV (RTMP, http-flv). FLV carries the parameter sets outside of the
 * frames, and ffmpeg before 7 drops new ones on their way into MP4: a publisher that comes back on the same
 * connection with another size or encoder would leave frames that nothing can decode, and no trace of it. The
 * muxer of FLV writes them down again as they come. Of the frames the key frames are enough: new parameter sets
 * arrive with one. One track alone, so that nothing waits for another to be interleaved.
 */
export function watchOutput(videoMap: readonly string[], descriptor: number): FfmpegOutput {
  return {
    options: [
      ...[...videoMap, '-c:v', 'copy', '-bsf:v', 'noise=drop=not(key)'],
      ...['-f', 'flv', '-flvflags', 'no_duration_filesize', '-flush_packets', '1'],
    ],
    output: `pipe:${descriptor}`,
  };
}

/** Layout of FLV (Adobe Flash Video File Format Specification 10.1, annex E), in bytes. */
const fileHeader = 9 + 4;
const tagHeader = 11;
const sizeOfTagBefore = 4;
const videoTag = 9;

/** Of a video tag with AVC: kind of frame and codec, kind of packet, composition time. */
const avcHeader = 5;

/** Parameter sets take some hundred bytes; a tag longer than this holds none, and is not kept. */
const longestConfiguration = 65_536;

/**
 * Reads what `watchOutput` writes, in chunks of any size, and tells once that the source's parameter sets have
 * become others, with the time of the first frame that needs them: in seconds after the first frame of all.
 */
export function createFormatWatch(onChange: (seconds: number) => void): (chunk: Uint8Array) => void {
  let rest = Buffer.alloc(0);
  let skip = fileHeader;
  let announced: Buffer | undefined;
  let firstMs: number | undefined;
  let changed = false;

  /** Takes one tag off the front; false when more bytes are wanted. */
  function take(): boolean {
    if (rest.length < tagHeader + avcHeader) return false;
    const size = rest.readUIntBE(1, 3);
    // The fourth byte of the time is its highest.
    const timeMs = rest.readUIntBE(4, 3) + rest.readUInt8(7) * 2 ** 24;
    const isVideo = rest.readUInt8(0) === videoTag;
    const isConfiguration = isVideo && rest.readUInt8(tagHeader + 1) === 0 && size <= longestConfiguration;
    if (isConfiguration && rest.length < tagHeader + size) return false;
    if (isConfiguration) configure(rest.subarray(tagHeader + avcHeader, tagHeader + size), timeMs);
    else if (isVideo) firstMs ??= timeMs;
    drop(tagHeader + size + sizeOfTagBefore);
    return true;
  }

  function configure(avcC: Buffer, timeMs: number): void {
    const sets = parameterSets(avcC);
    if (sets === undefined) return;
    announced ??= Buffer.from(sets);
    if (sets.equals(announced)) return;
    changed = true;
    onChange((timeMs - (firstMs ?? timeMs)) / 1000);
  }

  function drop(bytes: number): void {
    skip = Math.max(0, bytes - rest.length);
    rest = rest.subarray(Math.min(bytes, rest.length));
  }

  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    if (skip > 0) drop(skip);
    while (!changed && take());
    if (changed) rest = Buffer.alloc(0);
  };
}

/**
 * The part of an `avcC` (ISO/IEC 14496-15, 5.3.3.1) that holds the parameter sets. What stands before repeats
 * them, and what may follow some writers leave out. Undefined when it is cut short.
 */
function parameterSets(avcC: Buffer): Buffer | undefined {
  const from = 6;
  if (avcC.length <= from) return undefined;
  const pictureCountAt = afterSets(avcC, from, avcC.readUInt8(from - 1) & 0x1f);
  if (pictureCountAt >= avcC.length) return undefined;
  const end = afterSets(avcC, pictureCountAt + 1, avcC.readUInt8(pictureCountAt));
  return end > avcC.length ? undefined : avcC.subarray(from, end);
}

/** Where `count` sets that begin at `at`, each after its size in two bytes, end; past the end when cut short. */
function afterSets(avcC: Buffer, at: number, count: number): number {
  let end = at;
  for (let index = 0; index < count; index++)
    end += end + 2 > avcC.length ? avcC.length : 2 + avcC.readUInt16BE(end);
  return end;
}
