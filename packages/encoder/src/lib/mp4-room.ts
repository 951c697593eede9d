import type { InitSegment } from './media.ts';

/**
 * What the index grows by. A sample is 4 bytes (`stsz`), a key frame 4 more, a fragment about 40 (a chunk in each
 * of two tracks: offset and length). At 30 frames and 47 AAC frames a second with a fragment every other second
 * that makes about 330 bytes a second, 2.4 MB for 2 h. Frames of uneven distance (copied from RTMP, whose times
 * are whole milliseconds) cost up to 8 bytes (`stts`) more each, reordered ones (B-frames) likewise (`ctts`).
 */
const bytesPerSample = 4;
const bytesPerFragmentSecond = 40;
/** Half as much again for uneven frames; what needs more than that goes to the tail. */
const allowance = 1.5;
const samplesPerAudioFrame = 1024;
/** The boxes around the tables, with room for large sample descriptions. */
const frameworkBytes = 8 * 1024;
/**
 * The room is part of what an upload keeps in memory and sends twice. A day's index has to go to the tail, where
 * players find it with one request more.
 */
const maxRoom = 8 * 1024 * 1024;

/** Bytes to reserve for the index of a file of at most this length. */
export function indexRoom(init: InitSegment, maxSeconds: number, frameRate: number): number {
  const samplesPerSecond = init.tracks.reduce((sum, track) => {
    return sum + (track.type === 'video' ? frameRate : (track.sampleRate || 48_000) / samplesPerAudioFrame);
  }, 0);
  const bytesPerSecond = (samplesPerSecond * bytesPerSample + bytesPerFragmentSecond) * allowance;
  const descriptions = init.bytes.length;
  return Math.min(maxRoom, Math.ceil(frameworkBytes + descriptions + maxSeconds * bytesPerSecond));
}
