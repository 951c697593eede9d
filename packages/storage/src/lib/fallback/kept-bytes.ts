import { openSpool } from '../spool.ts';

/**
 * Bytes in memory before they go to scratch, and so what a move reads at a time: with pieces of this size the parts that
 * it makes of them are hardly larger than live ones.
 */
const MAX_BUFFERED = 1024 * 1024;

/**
 * All that was appended to a file, on scratch, for the case that it has to be sent to another storage from its beginning.
 * The files are those of the spool, numbered as they come, and end between units.
 */
export interface KeptBytes {
  /** Length of what was added. */
  readonly size: number;
  /** Length of what is on scratch. */
  readonly written: number;
  /** Adds a unit; it belongs to the keeper from here on. */
  push(bytes: Uint8Array): void;
  /**
   * Brings what is in memory to scratch once it is much, all of it with `all`. Rejects like `Spool.write`; what did not
   * fit stays in memory.
   */
  drain(options?: { readonly all?: boolean }): Promise<void>;
  /** The next piece from that offset on; undefined at the end. */
  readFrom(offset: number): Promise<Uint8Array | undefined>;
  /** From now on only the disk is the limit: what is left in memory would be lost with the process. */
  lift(): void;
  /** Removes all of it. */
  clear(): Promise<void>;
}

/** What another process left there, or nothing yet. */
export async function openKeptBytes(directory: string, maxBytes: number): Promise<KeptBytes> {
  const spool = await openSpool(directory, maxBytes);
  /** Of the files on scratch, in order, without a hole. */
  const offsets: number[] = [];
  let written = 0;
  while (spool.has(offsets.length + 1)) {
    const { offset, size } = await spool.read(offsets.length + 1);
    if (offset !== written) break;
    offsets.push(offset);
    written += size;
  }
  let buffered: Uint8Array[] = [];
  let size = written;
  let running: Promise<void> = Promise.resolve();

  async function write(all: boolean): Promise<void> {
    const bytes = [...buffered];
    const length = sum(bytes);
    if (length === 0 || (!all && length < MAX_BUFFERED)) return;
    await spool.write({ number: offsets.length + 1, offset: written, size: length, bytes });
    offsets.push(written);
    written += length;
    buffered = buffered.slice(bytes.length);
  }

  return {
    get size() {
      return size;
    },
    get written() {
      return written;
    },
    push(bytes) {
      if (bytes.length === 0) return;
      buffered.push(bytes);
      size += bytes.length;
    },
    drain({ all = false } = {}) {
      const done = running.then(() => write(all));
      running = done.catch(() => undefined); // Its caller hears of it.
      return done;
    },
    async readFrom(offset) {
      if (offset < written) {
        const index = offsets.findLastIndex((start) => start <= offset);
        const { bytes } = await spool.read(index + 1);
        const [first, ...more] = bytes;
        const piece = first === undefined || more.length > 0 ? Buffer.concat(bytes) : first;
        return piece.subarray(offset - (offsets[index] ?? 0));
      }
      let start = written;
      for (const bytes of buffered) {
        if (offset < start + bytes.length) return bytes.subarray(offset - start);
        start += bytes.length;
      }
      return undefined;
    },
    lift: () => spool.lift(),
    async clear() {
      await running;
      buffered = [];
      await spool.clear();
    },
  };
}

function sum(bytes: readonly Uint8Array[]): number {
  return bytes.reduce((total, { length }) => total + length, 0);
}
