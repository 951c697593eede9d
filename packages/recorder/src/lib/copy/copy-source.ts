import { type CopyFile, type ErrorCode, TapedeckError } from '@tapedeck/core';
import type { Store } from '@tapedeck/storage';
import { readObject } from '../object-reader.ts';

/** How often the bytes of a part are asked for when reading them breaks off. */
const maxReads = 4;

/** An object that was found readable and as its recording says. */
export interface CopySource {
  readonly storage: string;
  readonly key: string;
  readonly etag?: string;
  readonly bytes: number;
  readonly crc32?: string | undefined;
  /** All bytes of [start, end). Rejects with a code of the source's, and with `Aborted`. */
  read(range: readonly [number, number], signal: AbortSignal): Promise<readonly Uint8Array[]>;
}

/** What a failure of the storage that is read from means: the target's codes are not for it. */
const sourceCodes: Partial<Record<ErrorCode, ErrorCode>> = {
  NotFound: 'SourceNotFound',
  BucketNotFound: 'SourceNotFound',
  StorageDenied: 'SourceDenied',
  EncryptionKeyDenied: 'SourceDenied',
  StorageUnauthenticated: 'SourceDenied',
  NotSupported: 'SourceDenied',
  WrongRegion: 'SourceDenied',
  HostKeyRejected: 'SourceDenied',
  StorageTlsFailed: 'SourceDenied',
};

const advice: Partial<Record<ErrorCode, string>> = {
  SourceNotFound: 'It was deleted or moved; there is nothing to copy.',
  SourceDenied:
    'What may only write there cannot read its files back: give its credentials the right to read, and copy again.',
};

/** The failure of a storage that is read from, in words and codes of a source. */
export function sourceError(error: unknown, storage: string, key: string): TapedeckError {
  const known = TapedeckError.from(error);
  if (known.code === 'Aborted' || known.code === 'SourceChanged') return known;
  const code = sourceCodes[known.code] ?? 'SourceUnreachable';
  const why = known.message.replace(/\.$/, '');
  return new TapedeckError(
    code,
    `${key} cannot be read from storage ${storage}: ${why}. ${advice[code] ?? 'It is tried again.'}`,
    { cause: error },
  );
}

/**
 * The first object of the file that can be read and is as long as its recording says. Rejects with why the first one is
 * none; one that may yet come back is waited for rather than given up.
 */
export async function openCopySource(
  { sources }: CopyFile,
  stores: ReadonlyMap<string, Store>,
  refused: ReadonlyMap<string, TapedeckError>,
): Promise<CopySource> {
  const failures: TapedeckError[] = [];
  for (const source of sources) {
    try {
      return await openSource(source, stores, refused);
    } catch (error) {
      failures.push(sourceError(error, source.storage, source.key));
    }
  }
  const failure = failures.find(({ code }) => code === 'SourceUnreachable') ?? failures[0];
  throw failure ?? new TapedeckError('SourceNotFound', 'The copy names no object to read.');
}

async function openSource(
  source: CopyFile['sources'][number],
  stores: ReadonlyMap<string, Store>,
  refused: ReadonlyMap<string, TapedeckError>,
): Promise<CopySource> {
  const { storage, key, bytes } = source;
  const store = stores.get(storage);
  if (store === undefined) {
    const notThere = `ExternalStorage ${storage} is not there any more`;
    throw refused.get(storage) ?? new TapedeckError('NotFound', notThere);
  }
  const { size, etag } = await store.head(key);
  if (size !== bytes) {
    throw new TapedeckError(
      'SourceChanged',
      `${key} in storage ${storage} has ${size} bytes and was recorded with ${bytes}: it is another file now, and is not copied.`,
    );
  }
  // That it may be looked at does not say that it may be read.
  if (bytes > 0) await readRange(store, key, [0, 1], AbortSignal.timeout(30_000));
  return {
    ...source,
    ...(etag === undefined ? {} : { etag }),
    async read(range, signal) {
      try {
        return await readRange(store, key, range, signal);
      } catch (error) {
        throw sourceError(error, storage, key);
      }
    },
  };
}

async function readRange(
  store: Store,
  key: string,
  range: readonly [number, number],
  signal: AbortSignal,
): Promise<readonly Uint8Array[]> {
  const wanted = range[1] - range[0];
  for (let reads = 1; ; reads += 1) {
    try {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of readObject(await store.get(key, range), signal)) {
        chunks.push(chunk);
        size += chunk.length;
        // Something that ignores ranges must not fill the memory.
        if (size > wanted) break;
      }
      if (size === wanted) return chunks;
      throw new TapedeckError('Unknown', `${size} bytes came of ${wanted} that were asked for`);
    } catch (error) {
      const { code, retry } = TapedeckError.from(error);
      if (signal.aborted || code === 'Aborted' || retry === 'stalled' || reads >= maxReads) throw error;
    }
  }
}
