import { testCardFlash, testCardMark } from '@tapedeck/encoder';
import { runChild } from './child.ts';

/** One second's mark in a recording of the test card. */
export interface SyncMark {
  /** Where the first white frame begins, in seconds of the file. */
  readonly flashSeconds: number;
  /** Where the beep begins. */
  readonly beepSeconds: number;
  /** How much later the beep is than the flash; exact to a frame, which is what a file can say. */
  readonly offsetMs: number;
}

/** Frames as this many pixels of the flash's place: their mean is its brightness. */
const grid = 8;

/** Times of all flashes and beeps in a file, from a full decode by ffmpeg. */
export async function measureSync(file: string): Promise<SyncMark[]> {
  const [flashes, beeps] = await Promise.all([flashTimes(file), beepTimes(file)]);
  const marks: SyncMark[] = [];
  for (const flashSeconds of flashes) {
    const beepSeconds = nearest(beeps, flashSeconds);
    // Marks come every second: half of one is as far apart as two of the same mark can be told to be.
    if (beepSeconds === undefined || Math.abs(beepSeconds - flashSeconds) > 0.5) continue;
    marks.push({ flashSeconds, beepSeconds, offsetMs: (beepSeconds - flashSeconds) * 1000 });
  }
  return marks;
}

/** Begin of each flash that no cut goes through, in seconds: what is left of another says nothing of its sound. */
export async function flashTimes(file: string): Promise<number[]> {
  const { x, y, width, height } = testCardFlash;
  const inset = `crop=iw*${width}*0.6:ih*${height}*0.6:iw*${x + width * 0.2}:ih*${y + height * 0.2}`;
  const times = await frameTimes(file);
  const pixels = await runChild('ffmpeg', [
    ...['-loglevel', 'error', '-i', file, '-map', '0:v:0', '-fps_mode', 'passthrough'],
    ...['-vf', `${inset},scale=${grid}:${grid}:flags=area`, '-pix_fmt', 'gray', '-f', 'rawvideo', 'pipe:1'],
  ]);
  const size = grid * grid;
  const bright: boolean[] = [];
  for (let at = 0; at + size <= pixels.length; at += size) {
    let sum = 0;
    for (let i = 0; i < size; i += 1) sum += pixels[at + i] ?? 0;
    bright.push(sum / size > 128);
  }
  return wholeFlashes(times, bright);
}

/**
 * Begin of each flash that is as long as it was made. A pause or a lost piece leaves the rest of one, or puts one right
 * behind another. Exported for its test.
 */
export function wholeFlashes(times: readonly number[], bright: readonly boolean[]): number[] {
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  const frameSeconds = steps.sort((a, b) => a - b)[steps.length >> 1] ?? 0;
  // Shown in whole frames, at times that are rounded.
  const [least, most] = [testCardMark.seconds - frameSeconds / 2, testCardMark.seconds + frameSeconds];
  return times.filter((begin, index) => {
    if (bright[index] !== true || bright[index - 1] === true) return false;
    const dark = bright.indexOf(false, index);
    const end = dark === -1 ? (times.at(-1) ?? 0) + frameSeconds : (times[dark] ?? 0);
    return end - begin > least && end - begin < most - roundingSeconds;
  });
}

/** Times of frames are written with that much left of them. */
const roundingSeconds = 0.005;

/** Presentation time of each frame in the order it is shown. */
async function frameTimes(file: string): Promise<number[]> {
  const text = await runChild('ffprobe', [
    ...['-loglevel', 'error', '-select_streams', 'v:0', '-show_entries', 'frame=best_effort_timestamp_time'],
    ...['-print_format', 'csv=print_section=0', file],
  ]);
  return text
    .toString()
    .split('\n')
    .map((line) => Number.parseFloat(line))
    .filter(Number.isFinite);
}

/** Begin of each beep, in seconds, to about a millisecond: each sample's time is that of its frame and its place in it. */
export async function beepTimes(file: string): Promise<number[]> {
  const frames = await audioFrames(file);
  const pcm = await runChild('ffmpeg', [
    ...['-loglevel', 'error', '-i', file, '-map', '0:a:0', '-ac', '1', '-f', 's16le', 'pipe:1'],
  ]);
  const samples = new Int16Array(pcm.buffer, pcm.byteOffset, Math.floor(pcm.length / 2));
  const times: number[] = [];
  let lastLoud = Number.NEGATIVE_INFINITY;
  let begin = 0;
  for (const frame of frames) {
    for (let at = 0; at < frame.samples; at += 1) {
      if (Math.abs(samples[begin + at] ?? 0) < loud) continue;
      const time = frame.time + at / frame.sampleRate;
      if (time - lastLoud >= quietSeconds) times.push(time);
      lastLoud = time;
    }
    begin += frame.samples;
  }
  return times;
}

/** The beep's peak is at 16384, what surrounds it is silence but for the encoder's noise. */
const loud = 3000;
/** Ten waves of the beep: after this much silence, sound is another one, however near a cut has brought it. */
const quietSeconds = 0.01;

async function audioFrames(file: string): Promise<{ time: number; samples: number; sampleRate: number }[]> {
  const json = await runChild('ffprobe', [
    ...['-loglevel', 'error', '-select_streams', 'a:0', '-print_format', 'json'],
    ...['-show_entries', 'stream=sample_rate:frame=best_effort_timestamp_time,nb_samples', file],
  ]);
  const { streams, frames } = JSON.parse(json.toString()) as {
    streams: { sample_rate: string }[];
    frames: { best_effort_timestamp_time?: string; nb_samples: number }[];
  };
  const sampleRate = Number(streams[0]?.sample_rate);
  return frames.map((frame) => ({
    time: Number(frame.best_effort_timestamp_time ?? 0),
    samples: frame.nb_samples,
    sampleRate,
  }));
}

function nearest(times: readonly number[], to: number): number | undefined {
  let best: number | undefined;
  for (const time of times) {
    if (best === undefined || Math.abs(time - to) < Math.abs(best - to)) best = time;
  }
  return best;
}

/** The largest offset in milliseconds, whichever way. Rejects what has no marks: nothing was measured then. */
export function worstOffset(marks: readonly SyncMark[]): number {
  if (marks.length === 0) throw new Error('There are no flashes with beeps in it.');
  return Math.max(...marks.map((mark) => Math.abs(mark.offsetMs)));
}

/** Length of a mark, for whoever cuts recordings in the middle of one. */
export const markSeconds = testCardMark.seconds;
