import { rename, stat } from 'node:fs/promises';
import { testCardGraph } from '@tapedeck/encoder';
import { runChild } from '../../media/child.ts';
import { makeOnce, toolCache } from '../../media/tool-cache.ts';

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Makes a file in the tool cache once; `make` is given the place to write it. Gives its path. */
async function cached(name: string, make: (path: string) => Promise<void>): Promise<string> {
  const path = toolCache('media', name);
  await makeOnce(
    `${path}.lock`,
    () => isThere(path),
    async () => {
      // ffmpeg takes the container format from the ending.
      const unfinished = path.replace(/(\.\w+)$/, '.making$1');
      await make(unfinished);
      await rename(unfinished, path);
    },
  );
  return path;
}

const aac = ['-c:a', 'aac', '-ar', '48000', '-ac', '2', '-b:a', '96k'];

/** 20 s of 1080p30 at 4 Mbit/s, what a broadcaster sends: noise over the card, or it would not need as much. */
export function fullHdClip(): Promise<string> {
  return cached('full-hd-1.mp4', async (path) => {
    await runChild('ffmpeg', [
      ...['-loglevel', 'error', '-y', '-f', 'lavfi'],
      ...[
        '-i',
        testCardGraph({ width: 1920, height: 1080, frameRate: 30 }).replace(
          '[out0]',
          ',noise=alls=16:allf=t[out0]',
        ),
      ],
      ...[
        '-t',
        '20',
        '-c:v',
        'libx264',
        '-preset',
        'ultrafast',
        '-tune',
        'zerolatency',
        '-bf',
        '0',
        '-g',
        '60',
      ],
      ...['-pix_fmt', 'yuv420p', '-b:v', '4M', '-maxrate', '4M', '-bufsize', '4M', ...aac, path],
    ]);
  });
}

/** A minute of the card at 320x180, some 300 kbit/s. */
export function smallMinute(): Promise<string> {
  return cached('small-minute-1.mp4', async (path) => {
    await runChild('ffmpeg', [
      ...['-loglevel', 'error', '-y', '-f', 'lavfi'],
      ...['-i', testCardGraph({ width: 320, height: 180, frameRate: 30 }), '-t', '60'],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '0', '-g', '30', '-keyint_min', '30'],
      ...['-sc_threshold', '0', '-pix_fmt', 'yuv420p', '-b:v', '200k', ...aac, path],
    ]);
  });
}

/** That minute again and again, without encoding it again; a whole number of minutes. */
export async function smallHours(minutes: number): Promise<string> {
  const minute = await smallMinute();
  return await cached(`small-${minutes}-minutes-1.mp4`, async (path) => {
    await runChild('ffmpeg', [
      ...['-loglevel', 'error', '-y', '-stream_loop', '-1', '-i', minute],
      ...['-t', String(minutes * 60), '-c', 'copy', path],
    ]);
  });
}
