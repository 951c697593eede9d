import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';

/**
 * As much of RTSP 1.0 (RFC 2326) as a player needs that takes RTP interleaved in its TCP connection: OPTIONS,
 * DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN. What arrives at a track's UDP ports goes to all who play.
 */
export interface RtspServer {
  readonly url: string;
  /** Where the RTP of each track is sent to; its RTCP goes to the next port. */
  readonly rtpPorts: readonly number[];
  /** What DESCRIBE answers; until then it is 404. */
  describe(sessionDescription: string): void;
  /** Closes the players' connections and forgets the description. */
  disconnect(): void;
  stop(): Promise<void>;
}

interface Player {
  readonly socket: Socket;
  /** Channel of the RTP of each track; its RTCP is one above. */
  readonly channels: Map<number, number>;
  playing: boolean;
}

/** A player that does not read is dropped, or its backlog would grow for ever. */
const mostBacklog = 8 * 1024 * 1024;

export async function startRtspServer(tracks = 2): Promise<RtspServer> {
  const players = new Set<Player>();
  let description: string | undefined;
  /** Without a sender report a player cannot bring picture and sound together, and the next is 5 s away. */
  const lastReports: (Buffer | undefined)[] = [];

  const pairs: { rtp: UdpSocket; rtcp: UdpSocket; port: number }[] = [];
  for (let track = 0; track < tracks; track += 1) {
    const pair = await bindPair();
    pair.rtp.on('message', (packet) => forward(players, track, 0, packet));
    pair.rtcp.on('message', (packet) => {
      lastReports[track] = packet;
      forward(players, track, 1, packet);
    });
    pairs.push(pair);
  }

  const server = createServer((socket) => {
    const player: Player = { socket, channels: new Map(), playing: false };
    players.add(player);
    let text = '';
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      // Players send RTCP in between, framed by a dollar sign; only whole requests matter here.
      text = (text + chunk.toString('latin1')).slice(-65_536);
      for (;;) {
        const begin = text.search(/[A-Z_]+ rtsp:\/\//);
        const end = text.indexOf('\r\n\r\n', Math.max(0, begin));
        if (begin < 0 || end < 0) break;
        const wasPlaying = player.playing;
        socket.write(respond(text.slice(begin, end), player, description));
        if (player.playing && !wasPlaying) {
          for (const [track, report] of lastReports.entries())
            if (report) forward(new Set([player]), track, 1, report);
        }
        text = text.slice(end + 4);
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => players.delete(player));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was given.');

  const disconnect = (): void => {
    description = undefined;
    lastReports.length = 0;
    for (const { socket } of players) socket.destroy();
  };
  return {
    url: `rtsp://127.0.0.1:${address.port}/broadcast`,
    rtpPorts: pairs.map(({ port }) => port),
    describe: (text) => {
      description = playable(text);
    },
    disconnect,
    stop: async () => {
      disconnect();
      for (const { rtp, rtcp } of pairs) {
        rtp.close();
        rtcp.close();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** RTCP wants the port after RTP's. */
async function bindPair(): Promise<{ rtp: UdpSocket; rtcp: UdpSocket; port: number }> {
  for (;;) {
    const rtp = createSocket('udp4');
    const rtcp = createSocket('udp4');
    try {
      const port = await bind(rtp, 0);
      await bind(rtcp, port + 1);
      return { rtp, rtcp, port };
    } catch {
      // The next port was taken by somebody else: another pair.
      rtp.close();
      rtcp.close();
    }
  }
}

async function bind(socket: UdpSocket, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', resolve);
  });
  return socket.address().port;
}

function forward(players: ReadonlySet<Player>, track: number, offset: 0 | 1, packet: Buffer): void {
  const head = Buffer.alloc(4);
  head.write('$');
  head.writeUInt16BE(packet.length, 2);
  for (const { socket, channels, playing } of players) {
    const channel = channels.get(track);
    if (!playing || channel === undefined) continue;
    if (socket.writableLength > mostBacklog) {
      socket.destroy();
      continue;
    }
    const framed = Buffer.from(head);
    framed.writeUInt8(channel + offset, 1);
    socket.write(framed);
    socket.write(packet);
  }
}

/** ffmpeg's description names its UDP ports; players ask for their tracks by name instead. */
function playable(text: string): string {
  let track = -1;
  return text
    .replace(/^SDP:\r?\n/, '')
    .split(/\r?\n/)
    .flatMap((line) => {
      if (!line.startsWith('m=')) return [line];
      track += 1;
      return [line.replace(/^(m=\w+) \d+/, '$1 0'), `a=control:track${track}`];
    })
    .join('\r\n');
}

function respond(request: string, player: Player, description: string | undefined): string {
  const [method = '', url = ''] = request.split(' ', 2);
  const sequence = /^CSeq: *(\d+)/im.exec(request)?.[1] ?? '0';
  const reply = (status: string, headers: readonly string[] = [], body = ''): string =>
    [`RTSP/1.0 ${status}`, `CSeq: ${sequence}`, ...headers, '', body].join('\r\n');
  const session = 'Session: 1';
  switch (method) {
    case 'OPTIONS':
      return reply('200 OK', ['Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN']);
    case 'DESCRIBE': {
      if (description === undefined) return reply('404 Not Found');
      const headers = [`Content-Base: ${url}/`, 'Content-Type: application/sdp'];
      return reply('200 OK', [...headers, `Content-Length: ${Buffer.byteLength(description)}`], description);
    }
    case 'SETUP': {
      const channel = /interleaved=(\d+)-\d+/i.exec(request)?.[1];
      if (channel === undefined) return reply('461 Unsupported Transport');
      player.channels.set(Number(/track(\d+)/.exec(url)?.[1] ?? 0), Number(channel));
      return reply('200 OK', [
        `Transport: RTP/AVP/TCP;unicast;interleaved=${channel}-${Number(channel) + 1}`,
        session,
      ]);
    }
    case 'PLAY':
      player.playing = true;
      return reply('200 OK', [session]);
    case 'TEARDOWN':
      player.playing = false;
      return reply('200 OK', [session]);
    default:
      return reply('200 OK', [session]);
  }
}
