import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import { TapedeckError, type UploadJournal } from '@tapedeck/core';
import { formatCrc32 } from '../crc32.ts';
import type { TransferOptions } from '../store.ts';
import { codeOf } from './driver-suite.ts';
import { readObject, sampleBytes, uniqueKey } from './sample.ts';
import { inScenes, type Scene } from './scene.ts';
import type { DriverUnderTest, TestApi } from './suite.ts';

const MiB = 1024 * 1024;
/** Two parts of 5 MiB and a shorter one. */
const content = sampleBytes(11 * MiB + 123, 31);
const checksum = formatCrc32(crc32(content));

/** Copies: an object whose length is known, brought in parts that are read when they are sent. */
export function describeTransfers(subject: DriverUnderTest, api: TestApi): void {
  const scene = inScenes(subject, api);

  /** Options, with the ranges that were read; `broken` is the first byte of a part that cannot be. */
  function transferOf(journal: Scene['journal'], key: string, broken?: number) {
    const reads: number[] = [];
    const options: TransferOptions = {
      key,
      contentType: 'video/mp4',
      size: content.length,
      crc32: checksum,
      async read([start, end]) {
        reads.push(start);
        if (start === broken) throw new TapedeckError('SourceNotFound', 'The test has lost it.');
        return [content.subarray(start, start + 1000), content.subarray(start + 1000, end)];
      },
      onJournal: async (next) => void journal.onJournal(next),
      onProgress: () => undefined,
      signal: AbortSignal.timeout(60_000),
    };
    return { options, reads };
  }

  scene('brings an object of known length, and tells its checksum', async ({ store, journal }) => {
    const key = uniqueKey('copied.mp4');
    const held: number[] = [];
    const { options, reads } = transferOf(journal, key);
    const object = await store.transfer({ ...options, onProgress: (bytes) => void held.push(bytes) });
    assert.deepEqual([object.size, object.crc32, object.key], [content.length, checksum, key]);
    assert.equal(held.at(-1), content.length);
    assert.equal(new Set(reads).size, 3);
    assert.ok(content.equals(await readObject(store, key)));
    await store.delete(key);
  });

  scene('goes on in another process where it broke off', async ({ store, journal, elsewhere }) => {
    const key = uniqueKey('broken-off.mp4');
    const { options } = transferOf(journal, key, 5 * MiB);
    assert.equal(await codeOf(store.transfer(options)), 'SourceNotFound');
    const left: UploadJournal = journal.last();
    assert.ok(!left.parts.some(({ number }) => number === 2));
    await elsewhere(
      async (other) => {
        const next = transferOf(journal, key);
        const object = await other.transfer({ ...next.options, journal: left });
        assert.equal(object.crc32, checksum);
        const sent = left.parts.map(({ offset }) => offset);
        assert.deepEqual(
          next.reads.filter((start) => sent.includes(start)),
          [],
        );
      },
      { mayList: false },
    );
    assert.ok(content.equals(await readObject(store, key)));
    await store.delete(key);
  });

  scene('completes nothing that has another checksum', async ({ store, journal }) => {
    const key = uniqueKey('rotten.mp4');
    const { options } = transferOf(journal, key);
    assert.equal(await codeOf(store.transfer({ ...options, crc32: '00000000' })), 'ChecksumMismatch');
    await store.abortFromJournal(journal.last());
    assert.equal(await codeOf(store.head(key)), 'NotFound');
  });
}
