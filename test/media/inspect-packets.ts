import { openAsBlob } from 'node:fs';
import { ALL_FORMATS, BlobSource, EncodedPacketSink, Input } from 'mediabunny';

/** When each packet of the picture is shown, in decode order, as a demuxer reads it that shares no code with ffmpeg. */
export async function packetTimes(file: string): Promise<number[]> {
  const input = new Input({ formats: ALL_FORMATS, source: new BlobSource(await openAsBlob(file)) });
  try {
    const video = await input.getPrimaryVideoTrack();
    const times: number[] = [];
    if (video === null) return times;
    for await (const packet of new EncodedPacketSink(video).packets()) times.push(packet.timestamp);
    return times;
  } finally {
    input.dispose();
  }
}
