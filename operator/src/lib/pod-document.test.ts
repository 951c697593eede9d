import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { RunSpec } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { podDocument } from './pod-document.ts';

/** As S3 gives them: an MD5 of each part, which no compression makes smaller than 16 bytes. */
function journalOf(count: number): NonNullable<RunSpec['previous'][number]['journal']> {
  const parts = Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    offset: index * 8_388_608,
    size: 8_388_608,
    receipt: { etag: `"${randomBytes(16).toString('hex')}"`, crc32: randomBytes(4).toString('hex') },
  }));
  return { version: 1, storage: 'team', key: 'a', contentType: 'video/mp4', token: { id: 'x' }, parts };
}

function specOf(...counts: number[]): RunSpec {
  return {
    version: 1,
    mode: 'Record',
    id: 'run-2',
    recording: { namespace: 'default', name: 'long', uid: 'run' },
    attempt: 2,
    source: { type: 'TestCard' },
    video: { codec: 'H264', encode: 'Auto' },
    audio: { codec: 'AAC' },
    maxDurationSeconds: 7200,
    splitEverySeconds: 3600,
    durabilitySeconds: 5,
    storages: [],
    keyBase: 'a',
    previous: counts.map((count, index) => ({
      segment: index + 1,
      attempt: 1,
      key: 'a',
      storage: 'team',
      state: 'Open',
      bytes: 1,
      durationSeconds: 1,
      journal: journalOf(count),
    })),
    desired: 'Recording',
    scratch: { directory: '/scratch', maxBytes: 1 },
  };
}

describe('the spec of a run', () => {
  it('is an annotation for as long as it fits into one', () => {
    const spec = specOf(1000);
    expect(podDocument(spec)).toEqual({ annotation: JSON.stringify(spec) });
  });

  it('is in the environment with the journal of a file of 10,000 parts', () => {
    const spec = specOf(10_000);
    const document = podDocument(spec);
    if (!('environment' in document)) throw new Error('it is an annotation');
    expect(document.environment.map(({ name }) => name)).toContain('TAPEDECK_SPEC_2');
    // What Linux takes of one string, with the name, the equals sign and the zero.
    for (const { name, value } of document.environment)
      expect(name.length + value.length + 2).toBeLessThan(131_072);
    const packed = document.environment.map(({ value }) => value).join('');
    expect(gunzipSync(Buffer.from(packed, 'base64')).toString('utf8')).toBe(JSON.stringify(spec));
  });

  it('is refused where no pod could hold it', () => {
    expect(() => podDocument(specOf(10_000, 10_000, 10_000, 10_000))).toThrow('too many parts for one pod');
  });
});
