import { openAsBlob } from 'node:fs';
import { open } from 'node:fs/promises';
import { ALL_FORMATS, BlobSource, EncodedPacketSink, Input } from 'mediabunny';
import { z } from 'zod';
import { runChild } from './child.ts';

/** What ffprobe says of a file. */
export interface MediaFacts {
  readonly durationSeconds: number;
  /** ffprobe's names, picture first. */
  readonly codecs: readonly string[];
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly videoFrames: number;
}

const probed = z.object({
  format: z.object({ duration: z.coerce.number().optional() }),
  streams: z.array(
    z.object({
      codec_type: z.string(),
      codec_name: z.string(),
      width: z.number().optional(),
      height: z.number().optional(),
      nb_read_packets: z.coerce.number().optional(),
    }),
  ),
});

/** Rejects when ffprobe finds any fault in it. */
export async function inspect(file: string): Promise<MediaFacts> {
  const text = await runChild('ffprobe', [
    ...['-v', 'error', '-count_packets', '-print_format', 'json', '-show_format', '-show_streams', file],
  ]);
  const { format, streams } = probed.parse(JSON.parse(text.toString()));
  const video = streams.find((stream) => stream.codec_type === 'video');
  const audio = streams.find((stream) => stream.codec_type === 'audio');
  return {
    durationSeconds: format.duration ?? 0,
    codecs: [video, audio].flatMap((stream) => (stream === undefined ? [] : [stream.codec_name])),
    width: video?.width,
    height: video?.height,
    videoFrames: video?.nb_read_packets ?? 0,
  };
}

/** Decodes all of it; rejects at the first error of the container or of a codec. */
export async function decodeAll(file: string): Promise<void> {
  await runChild('ffmpeg', ['-v', 'error', '-xerror', '-i', file, '-f', 'null', '-']);
}

/** Decodes one second from there, as a player that seeks does. */
export async function decodeAt(
  file: string,
  seconds: number,
  options: readonly string[] = [],
): Promise<void> {
  const out = await runChild('ffmpeg', [
    ...['-v', 'error', '-xerror', ...options, '-ss', String(seconds), '-i', file],
    ...['-t', '1', '-map', '0:v:0', '-f', 'framecrc', '-'],
  ]);
  if (!/^0,/m.test(out.toString())) throw new Error(`${file}: there is no picture at ${seconds} s`);
}

/** The same questions to a demuxer that shares no code with ffmpeg. Walks over every packet. */
export async function inspectOtherwise(
  file: string,
): Promise<{ durationSeconds: number; videoPackets: number; videoKeyFrames: number }> {
  const input = new Input({ formats: ALL_FORMATS, source: new BlobSource(await openAsBlob(file)) });
  try {
    const durationSeconds = await input.computeDuration();
    const video = await input.getPrimaryVideoTrack();
    let videoPackets = 0;
    let videoKeyFrames = 0;
    if (video !== null) {
      for await (const packet of new EncodedPacketSink(video).packets()) {
        videoPackets += 1;
        if (packet.type === 'key') videoKeyFrames += 1;
      }
    }
    return { durationSeconds, videoPackets, videoKeyFrames };
  } finally {
    input.dispose();
  }
}

/** Types of the top-level boxes, in order. */
export async function topLevelBoxes(file: string): Promise<string[]> {
  const handle = await open(file);
  try {
    const { size: total } = await handle.stat();
    const types: string[] = [];
    for (let at = 0; at + 8 <= total; ) {
      const header = Buffer.alloc(16);
      await handle.read(header, 0, 16, at);
      const short = header.readUInt32BE(0);
      types.push(header.toString('latin1', 4, 8));
      const size = short === 1 ? Number(header.readBigUInt64BE(8)) : short;
      if (size < 8) throw new Error(`${file}: a box of ${size} bytes at ${at}`);
      at += size;
    }
    return types;
  } finally {
    await handle.close();
  }
}

/** What everybody expects of a finished recording: an ordinary MP4, index in front, that decodes without a word. */
export async function requireOrdinaryMp4(file: string): Promise<MediaFacts> {
  const boxes = (await topLevelBoxes(file)).filter((type) => type !== 'free');
  if (boxes.join() !== 'ftyp,moov,mdat') throw new Error(`${file}: its boxes are ${boxes.join()}`);
  await decodeAll(file);
  const facts = await inspect(file);
  const other = await inspectOtherwise(file);
  if (
    other.videoPackets !== facts.videoFrames ||
    Math.abs(other.durationSeconds - facts.durationSeconds) > 0.1
  ) {
    throw new Error(
      `${file}: ffprobe reads ${JSON.stringify(facts)}, the other demuxer ${JSON.stringify(other)}`,
    );
  }
  return facts;
}
