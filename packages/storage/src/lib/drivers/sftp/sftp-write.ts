import type { SFTPWrapper } from 'ssh2';

/** draft-ietf-secsh-filexfer-02, section 3. */
const SSH_FXP_WRITE = 6;
/** What the library numbers its requests up to. */
const MAX_REQUEST_ID = 2 ** 31;

type Answer = (error?: Error | null) => void;

/** What the library keeps about a session, in the version that is pinned. */
interface Internals {
  _writeReqid: number;
  readonly _maxWriteLen: number;
  readonly _requests: Record<number, { readonly cb: Answer }>;
  /** What waits for the server to take more. Only while the window is 0. */
  _buffer: Buffer[];
  _waitWindow: boolean;
  _chunkcb: (() => void) | undefined;
  readonly outgoing: {
    readonly id: number;
    window: number;
    readonly packetSize: number;
    readonly state: string;
  };
  readonly _protocol: { channelData(channel: number, data: Buffer): void };
}

/**
 * Sends a write. The library would copy its bytes once to put its header before them, into memory that is new each
 * time; this hands them on as they are. `bytes` stay unchanged until the answer.
 */
export function sendWrite(
  sftp: SFTPWrapper,
  handle: Buffer,
  bytes: Buffer,
  position: number,
  answer: Answer,
): void {
  if (!isAsExpected(sftp) || bytes.length === 0 || bytes.length > sftp._maxWriteLen) {
    sftp.write(handle, bytes, 0, bytes.length, position, answer);
    return;
  }
  const id = (sftp._writeReqid + 1) % MAX_REQUEST_ID;
  sftp._writeReqid = id;
  sftp._requests[id] = { cb: answer };
  send(sftp, [writeHeader(id, handle, position, bytes.length), bytes]);
}

/** All of a write but its bytes. */
export function writeHeader(id: number, handle: Buffer, position: number, length: number): Buffer {
  const header = Buffer.allocUnsafe(4 + 1 + 4 + 4 + handle.length + 8 + 4);
  let at = header.writeUInt32BE(header.length - 4 + length, 0);
  at = header.writeUInt8(SSH_FXP_WRITE, at);
  at = header.writeUInt32BE(id, at);
  at = header.writeUInt32BE(handle.length, at);
  at += handle.copy(header, at);
  at = header.writeBigUInt64BE(BigInt(position), at);
  header.writeUInt32BE(length, at);
  return header;
}

/** As far as the server's window goes; what is left goes where the library looks when it has opened again. */
function send(sftp: Internals, pieces: readonly Buffer[]): void {
  const { outgoing } = sftp;
  if (outgoing.state !== 'open') return;
  const left = [...pieces];
  for (let piece = left.shift(); piece !== undefined; piece = left.shift()) {
    let sent = 0;
    while (sent < piece.length && outgoing.window > 0) {
      const length = Math.min(piece.length - sent, outgoing.window, outgoing.packetSize);
      outgoing.window -= length;
      sftp._protocol.channelData(outgoing.id, piece.subarray(sent, sent + length));
      sent += length;
    }
    if (sent < piece.length) {
      sftp._buffer.push(piece.subarray(sent), ...left);
      break;
    }
  }
  if (outgoing.window > 0) return;
  sftp._waitWindow = true;
  sftp._chunkcb = () => {
    const waiting = sftp._buffer;
    sftp._buffer = [];
    sftp._chunkcb = undefined;
    send(sftp, waiting);
  };
}

function isAsExpected(sftp: object): sftp is Internals {
  const given: Partial<Internals> = sftp;
  return (
    typeof given._writeReqid === 'number' &&
    typeof given._maxWriteLen === 'number' &&
    typeof given._requests === 'object' &&
    Array.isArray(given._buffer) &&
    typeof given._protocol?.channelData === 'function' &&
    typeof given.outgoing?.window === 'number' &&
    typeof given.outgoing.packetSize === 'number' &&
    typeof given.outgoing.id === 'number' &&
    typeof given.outgoing.state === 'string'
  );
}
