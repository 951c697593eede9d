import type { Broadcast } from './broadcast.ts';
import { type BroadcastContent, contentArguments } from './broadcast-content.ts';
import { startChild, type TestChild } from './child.ts';
import { freeUdpPort } from './port.ts';

/**
 * ffmpeg as the SRT listener. It serves one player and ends with it, so it is started again for the next: a
 * probe and a capture are two.
 */
export async function startSrtBroadcast(content: BroadcastContent): Promise<Broadcast> {
  const port = await freeUdpPort();
  const target = `srt://127.0.0.1:${port}?mode=listener&latency=120000`;
  let sender: TestChild | undefined;
  let current = content;
  let on = false;
  let loop: Promise<void> = Promise.resolve();

  const serve = async (): Promise<void> => {
    while (on) {
      sender = startChild('ffmpeg', [...contentArguments(current), '-f', 'mpegts', target]);
      await sender.exited;
      // A listener that cannot listen must not become a busy loop.
      if (on) await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const start = (next: BroadcastContent): void => {
    current = next;
    on = true;
    loop = serve();
  };
  const drop = async (): Promise<void> => {
    on = false;
    await sender?.kill();
    await loop;
  };
  start(content);
  return {
    url: `srt://127.0.0.1:${port}`,
    drop,
    return: async (next = content) => {
      await drop();
      start(next);
    },
    stop: drop,
  };
}
