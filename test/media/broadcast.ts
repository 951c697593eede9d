import type { BroadcastContent } from './broadcast-content.ts';
import { startHlsBroadcast } from './broadcast-hls.ts';
import { startRtmpBroadcast } from './broadcast-rtmp.ts';
import { startRtspBroadcast } from './broadcast-rtsp.ts';
import { startSrtBroadcast } from './broadcast-srt.ts';

/** A real broadcast on loopback, which any number of players may pull (SRT: one after the other). */
export interface Broadcast {
  readonly url: string;
  /** Takes the sender away as a crash does: whatever it had not sent is gone. Idempotent. */
  drop(): Promise<void>;
  /** Brings it back under the same address, perhaps with other content; resolves once it can be read. */
  return(content?: BroadcastContent): Promise<void>;
  /** Ends all that was started. Idempotent. */
  stop(): Promise<void>;
}

export type BroadcastProtocol = 'Rtmp' | 'Hls' | 'Srt' | 'Rtsp';

const starters: Readonly<Record<BroadcastProtocol, (content: BroadcastContent) => Promise<Broadcast>>> = {
  Rtmp: startRtmpBroadcast,
  Hls: startHlsBroadcast,
  Srt: startSrtBroadcast,
  Rtsp: startRtspBroadcast,
};

/** Starts one and resolves once it can be read. */
export async function startBroadcast(
  protocol: BroadcastProtocol,
  content: BroadcastContent = {},
): Promise<Broadcast> {
  return await starters[protocol](content);
}
