import { expect, it } from 'vitest';
import { createProgressReader } from './ffmpeg-progress.ts';

const block = `frame=143
fps=30.09
stream_0_0_q=18.0
bitrate= 460.5kbits/s
total_size=272643
out_time_us=4736000
out_time_ms=4736000
out_time=00:00:04.736000
dup_frames=1
drop_frames=2
speed=0.996x
progress=continue
`;

it('reads a block, however it is cut', () => {
  for (const size of [1, 7, 1000]) {
    const seen: unknown[] = [];
    const read = createProgressReader((stats) => seen.push(stats));
    for (let at = 0; at < block.length; at += size) read(block.slice(at, at + size));
    expect(seen).toEqual([
      {
        frames: 143,
        framesPerSecond: 30.09,
        speed: 0.996,
        bitrate: 460_500,
        mediaSeconds: 4.736,
        droppedFrames: 2,
        duplicatedFrames: 1,
      },
    ]);
  }
});

it('takes what is not known yet for nothing', () => {
  const seen: { speed: number; mediaSeconds: number }[] = [];
  createProgressReader((stats) => seen.push(stats))(
    'out_time_us=-9223372036854775807\nspeed=N/A\nprogress=continue\n',
  );
  expect(seen[0]).toMatchObject({ speed: 0, mediaSeconds: 0 });
});
