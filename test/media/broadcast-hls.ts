import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Broadcast } from './broadcast.ts';
import { type BroadcastContent, contentArguments } from './broadcast-content.ts';
import { runChild, startChild, type TestChild } from './child.ts';
import { startFileServer } from './file-server.ts';
import { waitFor } from './port.ts';

const segmentSeconds = 1;

export interface HlsBroadcast extends Broadcast {
  /** Paths of all segments so far, in order; those that the playlist no longer names are kept. */
  segments(): Promise<string[]>;
}

/** A live playlist of 1 s segments that ffmpeg writes and a small http server serves. */
export async function startHlsBroadcast(content: BroadcastContent = {}): Promise<HlsBroadcast> {
  const directory = await mkdtemp(join(tmpdir(), 'tapedeck-hls-'));
  const playlist = join(directory, 'live.m3u8');
  const server = await startFileServer(directory);
  let sender: TestChild | undefined;

  const publish = async (next: BroadcastContent): Promise<void> => {
    const before = await lastSegment(playlist);
    sender = startChild('ffmpeg', [
      ...contentArguments(next),
      ...['-f', 'hls', '-hls_time', String(segmentSeconds), '-hls_list_size', '6'],
      // Temporary names, so that nobody reads half a playlist; on return the numbers go on.
      ...['-hls_flags', 'temp_file+append_list+omit_endlist', playlist],
    ]);
    await waitFor('three HLS segments', async () => {
      return (await lastSegment(playlist)) >= before + 3 ? true : undefined;
    });
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
    url: `${server.url}/live.m3u8`,
    drop: async () => await sender?.kill(),
    return: async (next = content) => await publish(next),
    async segments() {
      const numbers = (await readdir(directory)).flatMap((name) => /^live(\d+)\.ts$/.exec(name)?.[1] ?? []);
      return numbers
        .map(Number)
        .sort((a, b) => a - b)
        .map((number) => join(directory, `live${number}.ts`));
    },
    stop,
  };
}

async function lastSegment(playlist: string): Promise<number> {
  const text = await readFile(playlist, 'utf8').catch(() => '');
  return Number(/live(\d+)\.ts\s*$/.exec(text)?.[1] ?? -1);
}

/** Writes a finished playlist (with its end marked) into a directory; gives its name. `seconds` has to be set. */
export async function writeHlsFile(directory: string, content: BroadcastContent): Promise<string> {
  await runChild('ffmpeg', [
    ...contentArguments({ unpaced: true, ...content }),
    ...[
      '-f',
      'hls',
      '-hls_time',
      String(segmentSeconds),
      '-hls_playlist_type',
      'vod',
      join(directory, 'vod.m3u8'),
    ],
  ]);
  return 'vod.m3u8';
}
