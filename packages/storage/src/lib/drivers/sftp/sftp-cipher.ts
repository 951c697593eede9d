import { createCipheriv, createSecretKey, randomFillSync } from 'node:crypto';
import { z } from 'zod';

/** RFC 4253, section 6: the packet's length, and the length of its padding. */
const LENGTH_BYTES = 4;
const HEADER_BYTES = LENGTH_BYTES + 1;
const BLOCK_BYTES = 16;
const MIN_PADDING_BYTES = 4;
/** RFC 5647, section 7.1: four fixed bytes, then a counter of the packets. */
const COUNTER_OFFSET = 4;
const IV_BYTES = 12;
/** A channel's packet of 32 KiB and what is around it. */
const SCRATCH_BYTES = 33 * 1024;
const RANDOM_BYTES = 4096;

const write = z.custom<(data: Buffer) => void>((value) => typeof value === 'function');
const buffer = z.custom<Buffer>(Buffer.isBuffer);

/** What the library's cipher without its native part keeps to itself, in the version that is pinned. */
const libraryCipher = z.object({
  _encSSLName: z.enum(['aes-128-gcm', 'aes-256-gcm']),
  _encKey: buffer,
  _encIV: buffer.refine(({ length }) => length === IV_BYTES),
  _onWrite: write,
  outSeqno: z.number(),
});
type LibraryCipher = z.infer<typeof libraryCipher>;

/** What the library asks of a cipher: room for a payload, filled behind its header and encrypted at once. */
export interface PacketCipher {
  outSeqno: number;
  allocPacket(payloadBytes: number): Buffer;
  encrypt(packet: Buffer): void;
  free(): void;
}

/**
 * Has a connection encrypt with less work where it uses AES-GCM: the library takes memory of its own for every packet
 * and asks the system for every packet's few random bytes, which together cost more than the encryption. After new keys
 * were agreed on as well. False where the library is not as expected; it then goes on as it is.
 */
export function lightenCipher(sftp: object): boolean {
  const protocol: unknown = Reflect.get(sftp, '_protocol');
  if (typeof protocol !== 'object' || protocol === null) return false;
  const lighten = (given: unknown): unknown => {
    const found = libraryCipher.safeParse(given);
    return found.success ? createPacketCipher(found.data) : given;
  };
  const before: unknown = Reflect.get(protocol, '_cipher');
  let current = lighten(before);
  return (
    Reflect.defineProperty(protocol, '_cipher', {
      configurable: true,
      enumerable: true,
      get: () => current,
      set(next: unknown) {
        current = lighten(next);
      },
    }) && current !== before
  );
}

/** AES-GCM as in RFC 5647 and OpenSSH's names for it. */
export function createPacketCipher({
  _encSSLName: name,
  _encKey,
  _encIV,
  _onWrite: onWrite,
  outSeqno,
}: LibraryCipher): PacketCipher {
  const key = createSecretKey(_encKey);
  const iv = Buffer.from(_encIV);
  const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  const random = randomFillSync(Buffer.allocUnsafeSlow(RANDOM_BYTES));
  let randomUsed = 0;
  let isFree = false;

  const pad = (packet: Buffer, start: number): void => {
    const length = packet.length - start;
    if (randomUsed + length > random.length) {
      randomFillSync(random);
      randomUsed = 0;
    }
    random.copy(packet, start, randomUsed, randomUsed + length);
    randomUsed += length;
  };

  return {
    outSeqno,
    allocPacket(payloadBytes) {
      const used = (1 + payloadBytes) % BLOCK_BYTES;
      const missing = BLOCK_BYTES - used;
      const padding = missing < MIN_PADDING_BYTES ? missing + BLOCK_BYTES : missing;
      const length = HEADER_BYTES + payloadBytes + padding;
      // The one before has been encrypted: the library never keeps a packet that this has made.
      const packet = length > scratch.length ? Buffer.allocUnsafe(length) : scratch.subarray(0, length);
      packet.writeUInt32BE(length - LENGTH_BYTES, 0);
      packet[LENGTH_BYTES] = padding;
      pad(packet, HEADER_BYTES + payloadBytes);
      return packet;
    },
    encrypt(packet) {
      if (isFree) return;
      const cipher = createCipheriv(name, key, iv);
      // A copy: it is on its way while the next packet is put together.
      const length = Buffer.from(packet.subarray(0, LENGTH_BYTES));
      cipher.setAAD(length);
      onWrite(length);
      onWrite(cipher.update(packet.subarray(LENGTH_BYTES)));
      cipher.final();
      onWrite(cipher.getAuthTag());
      countUp(iv);
      this.outSeqno = (this.outSeqno + 1) >>> 0;
    },
    free() {
      isFree = true;
    },
  };
}

/** A 64-bit counter, the highest byte first. */
function countUp(iv: Buffer): void {
  for (let at = IV_BYTES - 1; at >= COUNTER_OFFSET; at--) {
    const next = ((iv[at] ?? 0) + 1) & 0xff;
    iv[at] = next;
    if (next !== 0) return;
  }
}
