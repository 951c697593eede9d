import { crc32 } from 'node:zlib';
import { formatCrc32, type Store } from '@tapedeck/storage';
import { readObject } from '../object-reader.ts';

/** CRC-32 of a whole object as it is in its storage, eight hex digits. */
export async function crc32OfObject(store: Store, key: string, signal: AbortSignal): Promise<string> {
  let value = 0;
  for await (const chunk of readObject(await store.get(key), signal)) value = crc32(chunk, value);
  return formatCrc32(value);
}
