import type { InputAddress, InputKind } from './input-url.ts';

/**
 * Packets that wait between the thread that reads an input and the encoder. 1024 is about 10 s of 30 fps video
 * with AAC: a burst after a stall of the network does not make the reader wait.
 */
const threadQueuePackets = 1024;

/** What may be opened on behalf of an address: a playlist from the network must never reach this machine's files. */
const protocolsByKind: Readonly<Record<InputKind, string>> = {
  Rtmp: 'rtmp,rtmps,tcp,tls',
  Rtsp: 'rtsp,rtsps,rtp,srtp,udp,tcp,tls',
  Srt: 'srt',
  Hls: 'http,https,tcp,tls,crypto,httpproxy',
  Http: 'http,https,tcp,tls,crypto,httpproxy',
  File: 'file,crypto',
};

export interface InputTimes {
  /** How long a read may take before ffmpeg gives it up. The capture's own watch is the one that always works. */
  readonly ioTimeoutSeconds: number;
}

/** Demuxer and protocol options of an address, in ffmpeg's spelling and without the dash. */
export function inputProtocolOptions(address: InputAddress, times: InputTimes): Record<string, string> {
  const microseconds = String(Math.round(times.ioTimeoutSeconds * 1_000_000));
  switch (address.kind) {
    case 'Rtmp':
      return { rw_timeout: microseconds, rtmp_live: 'live' };
    case 'Rtsp':
      // Over TCP: what is lost on UDP is lost for good, and a recording has the time to wait for a retransmission.
      return { timeout: microseconds, rtsp_transport: 'tcp' };
    case 'Srt':
      return { timeout: microseconds };
    case 'Hls':
      return { rw_timeout: microseconds };
    case 'Http':
      return {
        rw_timeout: microseconds,
        reconnect: '1',
        reconnect_streamed: '1',
        reconnect_on_network_error: '0',
        reconnect_delay_max: '2',
      };
    case 'File':
      return {};
  }
}

export function protocolWhitelist(address: InputAddress): string {
  return protocolsByKind[address.kind];
}

export const queueOptions: readonly string[] = ['-thread_queue_size', String(threadQueuePackets)];

/** Whether an address has no end of its own as far as one can tell without asking it. */
export function liveByAddress(kind: InputKind): boolean {
  return kind === 'Rtmp' || kind === 'Rtsp' || kind === 'Srt' || kind === 'Hls';
}
