import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testCardGraph } from '@tapedeck/encoder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChild } from './child.ts';
import { measureSync, wholeFlashes, worstOffset } from './sync-meter.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapedeck-sync-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** The test card for so long, then from its beginning, as a pause leaves it. */
async function cutCard(seconds: number): Promise<string> {
  const path = join(directory, `${seconds}.mp4`);
  const card = ['-f', 'lavfi', '-i', testCardGraph({ width: 320, height: 180, frameRate: 30 })];
  await runChild('ffmpeg', [
    ...['-v', 'error', '-t', String(seconds), ...card, '-t', '2', ...card],
    ...[
      '-filter_complex',
      '[0:v][0:a][1:v][1:a]concat=n=2:v=1:a=1',
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
    ],
    ...['-pix_fmt', 'yuv420p', '-c:a', 'aac', path],
  ]);
  return path;
}

describe('the marks of a test card that was cut', () => {
  it.each([
    ['right behind a mark', 1.2, [0, 1, 1.2, 2.2]],
    ['before the next one', 1.4, [0, 1, 1.4, 2.4]],
    ['in the middle of a mark, which then says nothing', 1 + 1 / 30, [0, 2 + 1 / 30]],
  ])('are in step: %s', async (_, seconds, flashes) => {
    const marks = await measureSync(await cutCard(seconds));
    expect(marks.map(({ flashSeconds }) => Math.round(flashSeconds * 1000))).toEqual(
      flashes.map((at) => Math.round(at * 1000)),
    );
    expect(worstOffset(marks)).toBeLessThanOrEqual(40);
  });
});

describe('a flash is whole', () => {
  it.each([
    ['three frames at 30 fps', 30, '0011100000', [2]],
    ['two frames at 15 fps', 15, '0110000', [1]],
    ['not with one frame of it', 30, '0010000', []],
    ['not with the next one right behind it', 30, '0011110000', []],
    ['not when the file ends in it', 30, '0000011', []],
    ['also when the file begins with it', 30, '1110000', [0]],
  ])('%s', (_, frameRate, frames, begins) => {
    const times = [...frames].map((_, index) => Number((index / frameRate).toFixed(3)));
    const bright = [...frames].map((frame) => frame === '1');
    expect(wholeFlashes(times, bright)).toEqual(begins.map((index) => times[index]));
  });
});
