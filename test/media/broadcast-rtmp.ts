import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Broadcast } from './broadcast.ts';
import { type BroadcastContent, contentArguments } from './broadcast-content.ts';
import { startChild, type TestChild } from './child.ts';
import { freePort, waitFor } from './port.ts';

const serverProgram = fileURLToPath(new URL('./rtmp-server.cjs', import.meta.url));

/** ffmpeg publishes to a real RTMP server (node-media-server), from which many can play. */
export async function startRtmpBroadcast(content: BroadcastContent): Promise<Broadcast> {
  const directory = await mkdtemp(join(tmpdir(), 'tapedeck-rtmp-'));
  const port = await freePort();
  const server = startChild(process.execPath, [serverProgram, String(port), directory]);
  const url = `rtmp://127.0.0.1:${port}/live/broadcast-key`;
  let sender: TestChild | undefined;
  let published = 0;

  const publish = async (next: BroadcastContent): Promise<void> => {
    sender = startChild('ffmpeg', [...contentArguments(next), '-f', 'flv', url]);
    published += 1;
    await waitFor(`the RTMP server to take the broadcast; it said ${server.output().slice(-500)}`, () =>
      (server.output().match(/start push/g)?.length ?? 0) >= published ? true : undefined,
    );
  };
  const stop = async (): Promise<void> => {
    await sender?.kill();
    await server.kill();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await waitFor('the RTMP server to listen', async () => await listens(port));
    await publish(content);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    drop: async () => await sender?.kill(),
    return: async (next = content) => await publish(next),
    stop,
  };
}

export async function listens(port: number): Promise<true | undefined> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(undefined));
  });
}
