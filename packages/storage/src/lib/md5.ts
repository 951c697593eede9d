import { createHash } from 'node:crypto';

/** By the list of a part's views: the receipt that is told before a put and the put itself need the same sum. */
const digests = new WeakMap<readonly Uint8Array[], Buffer>();

/** Hashing takes as long as all the rest of an upload does, so each list is hashed once; its bytes must stay as they are. */
export function md5Of(chunks: readonly Uint8Array[]): Buffer {
  const known = digests.get(chunks);
  if (known !== undefined) return known;
  const hash = createHash('md5');
  for (const chunk of chunks) hash.update(chunk);
  const digest = hash.digest();
  digests.set(chunks, digest);
  return digest;
}
