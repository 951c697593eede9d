import { setTimeout as sleep } from 'node:timers/promises';
import type { Bucket } from '../../servers/bucket.ts';

/** Enough for `ftyp` and the next box's header. */
const headBytes = 64;
const pollMs = 20;
const timeoutMs = 60_000;

/**
 * Reads the object's start until it is there as a finished MP4, and gives that instant by `performance.now()`.
 * Rejects when what appears has its index not in front, or nothing appears.
 */
export async function untilReadable(bucket: Bucket, key: string): Promise<number> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const head = await bucket.read(key, 0, headBytes);
    const now = performance.now();
    if (head !== undefined) {
      const second = head.toString('latin1', head.readUInt32BE(0) + 4, head.readUInt32BE(0) + 8);
      if (second === 'moov') return now;
      throw new Error(`${key}: after ftyp comes ${second}, not moov`);
    }
    if (now > deadline) throw new Error(`${key} was not there after ${timeoutMs / 1000} s`);
    await sleep(pollMs);
  }
}
