import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broadcast, startBroadcast } from '../media/broadcast.ts';
import { runChild } from '../media/child.ts';

/** Two seconds of it are more than the uploader keeps in memory in a minute of an ordinary small picture. */
const bitsPerSecond = 16_000_000;

/** A broadcast that nothing compresses, for what is counted in bytes; copied, so that it costs no encoder. */
export async function broadcastNoise(): Promise<Broadcast> {
  const directory = await mkdtemp(join(tmpdir(), 'tapedeck-noise-'));
  const file = join(directory, 'noise.mp4');
  const rate = String(bitsPerSecond);
  await runChild('ffmpeg', [
    ...['-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=30,noise=alls=90:allf=t'],
    ...['-f', 'lavfi', '-i', 'sine', '-t', '10', '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0'],
    ...['-g', '30', '-pix_fmt', 'yuv420p', '-b:v', rate, '-minrate', rate, '-maxrate', rate],
    ...['-bufsize', rate, '-c:a', 'aac', '-ar', '48000', '-ac', '2', file],
  ]);
  const broadcast = await startBroadcast('Rtmp', { file, copied: true });
  return {
    ...broadcast,
    async stop() {
      await broadcast.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
