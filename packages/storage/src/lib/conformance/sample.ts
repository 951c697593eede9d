import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { UploadJournal } from '@tapedeck/core';
import type { Store, UploadOptions } from '../store.ts';

/** Bytes that differ at every place and are the same for the same seed. */
export function sampleBytes(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let at = 0; at < size; at++) {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
  }
  return bytes;
}

/** Cheap to make and to tell apart: a repeated block with its index in front of each unit. */
export function sampleUnits(count: number, size: number): Buffer[] {
  const block = sampleBytes(size, size);
  return Array.from({ length: count }, (_, index) => {
    const unit = Buffer.from(block);
    if (size >= 4) unit.writeUInt32BE(index + 1, 0);
    return unit;
  });
}

/** The whole object in memory; rejects like `Store.get`. */
export async function readObject(store: Store, key: string): Promise<Buffer> {
  return buffer(await store.get(key));
}

/** A key in a directory of its own, so that tests share a bucket without meeting. */
export function uniqueKey(name: string): string {
  return `${randomUUID().slice(0, 8)}/${name}`;
}

/** Keeps the journal as whoever makes it durable would: as JSON. */
export function keepJournal(): { readonly onJournal: UploadOptions['onJournal']; last(): UploadJournal } {
  let text: string | undefined;
  return {
    onJournal(journal) {
      text = JSON.stringify(journal);
    },
    last() {
      if (text === undefined) throw new Error('There was no journal yet.');
      return JSON.parse(text) as UploadJournal;
    },
  };
}
