import { Socket } from 'node:net';

type Written = (error?: Error | null) => void;

/**
 * A socket that hands the system at once what is written in one turn. The SSH library writes every packet of 32 KiB in
 * three pieces; each a call to the system, and with Nagle's algorithm off a segment of its own, they take more time than
 * all the rest of an upload.
 */
export class BatchingSocket extends Socket {
  #isCorked = false;

  /** Connects without Nagle's algorithm, which would hold back the end of every write. */
  open(port: number, host: string): void {
    this.setNoDelay(true);
    this.connect(port, host);
    // It has just put the base class's own method over ours.
    Reflect.deleteProperty(this, 'write');
  }

  override write(data: Uint8Array | string, done?: Written): boolean;
  override write(data: Uint8Array | string, encoding?: BufferEncoding, done?: Written): boolean;
  override write(data: Uint8Array | string, encoding?: BufferEncoding | Written, done?: Written): boolean {
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.uncork();
      });
    }
    return typeof encoding === 'function' ? super.write(data, encoding) : super.write(data, encoding, done);
  }

  override _writev(
    chunks: { readonly chunk: unknown; readonly encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    super._writev?.(chunks, (error) => {
      for (const { chunk } of chunks) releaseMemory(chunk);
      done(error);
    });
  }
}

/** Smaller ones share memory with others. */
const OWN_MEMORY_BYTES = 16 * 1024;

/**
 * An encrypted packet has been sent, and nobody looks at it again. Left to the collector they gather by tens of MiB; given
 * back at once, the next packet gets memory that the processor still has at hand. What shares its memory stays.
 */
function releaseMemory(chunk: unknown): void {
  if (!(chunk instanceof Uint8Array) || chunk.length < OWN_MEMORY_BYTES) return;
  const { buffer } = chunk;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === chunk.length) buffer.transfer(0);
}
