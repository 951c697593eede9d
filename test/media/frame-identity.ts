import { runChild } from './child.ts';

/** One hash for each decoded picture, in order. `input` is anything that ffmpeg opens. */
export async function frameHashes(input: string): Promise<string[]> {
  const text = await runChild('ffmpeg', [
    ...['-loglevel', 'error', '-i', input, '-map', '0:v:0', '-fps_mode', 'passthrough'],
    ...['-f', 'framemd5', 'pipe:1'],
  ]);
  const lines = text.toString().split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.slice(-32));
}

const thumbnail = { width: 80, height: 45 };

/** Small grey pictures of all frames, in order: how a frame is known again that was encoded once more. */
export async function frameThumbnails(input: string): Promise<Uint8Array[]> {
  const { width, height } = thumbnail;
  const pixels = await runChild('ffmpeg', [
    ...['-loglevel', 'error', '-i', input, '-map', '0:v:0', '-fps_mode', 'passthrough'],
    ...['-vf', `scale=${width}:${height}:flags=area`, '-pix_fmt', 'gray', '-f', 'rawvideo', 'pipe:1'],
  ]);
  const size = width * height;
  return Array.from({ length: Math.floor(pixels.length / size) }, (_, index) =>
    pixels.subarray(index * size, (index + 1) * size),
  );
}

/** Which of these pictures looks most like this one. */
export function nearestPicture(pictures: readonly Uint8Array[], picture: Uint8Array): number {
  const difference = (other: Uint8Array) =>
    other.reduce((sum, value, index) => sum + Math.abs(value - (picture[index] ?? 0)), 0);
  const differences = pictures.map(difference);
  return differences.indexOf(Math.min(...differences));
}
