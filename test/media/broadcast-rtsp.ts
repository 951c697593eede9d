import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Broadcast } from './broadcast.ts';
import { type BroadcastContent, contentArguments } from './broadcast-content.ts';
import { startChild, type TestChild } from './child.ts';
import { waitFor } from './port.ts';
import { startRtspServer } from './rtsp-server.ts';

/** ffmpeg sends RTP to a small RTSP server, which hands it to its players over their TCP connections. */
export async function startRtspBroadcast(content: BroadcastContent): Promise<Broadcast> {
  const directory = await mkdtemp(join(tmpdir(), 'tapedeck-rtsp-'));
  const server = await startRtspServer();
  let sender: TestChild | undefined;

  const publish = async (next: BroadcastContent): Promise<void> => {
    const tracks = next.tracks ?? 'Both';
    const description = join(directory, 'session.sdp');
    await rm(description, { force: true });
    // One RTP output a track: the RTP muxer takes no two.
    const args = contentArguments({ ...next, tracks });
    const audioAt = tracks === 'Both' ? args.lastIndexOf('-map') : args.length;
    const limit = next.seconds === undefined ? [] : ['-t', String(next.seconds)];
    sender = startChild('ffmpeg', [
      ...args.slice(0, audioAt),
      ...(tracks === 'Both' ? limit : []),
      ...['-flags', '+global_header', '-f', 'rtp', `rtp://127.0.0.1:${server.rtpPorts[0]}?pkt_size=1200`],
      ...(tracks === 'Both'
        ? [
            ...args.slice(audioAt),
            '-flags',
            '+global_header',
            '-f',
            'rtp',
            `rtp://127.0.0.1:${server.rtpPorts[1]}?pkt_size=1200`,
          ]
        : []),
      ...['-sdp_file', description],
    ]);
    const text = await waitFor(`ffmpeg to describe its session; it said ${sender.output()}`, async () => {
      const found = await readFile(description, 'utf8').catch(() => '');
      return found.includes('m=') && (tracks !== 'Both' || found.includes('m=audio')) ? found : undefined;
    });
    server.describe(text);
  };
  const stop = async (): Promise<void> => {
    await sender?.kill();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await publish(content);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: server.url,
    drop: async () => {
      await sender?.kill();
      server.disconnect();
    },
    return: async (next = content) => await publish(next),
    stop,
  };
}
