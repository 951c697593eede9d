import type { ExternalStorageSpec } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { readS3Config } from './s3-config.ts';

type S3Block = NonNullable<ExternalStorageSpec['s3']>;
const read = (s3: Partial<S3Block>, credentials: Record<string, string> = {}) =>
  readS3Config({ provider: 'S3', s3: { bucket: 'recordings', ...s3 } }, credentials);

describe("an S3 storage's configuration", () => {
  it("is Amazon's where there is no endpoint: its checksums, its host names, the environment's region", () => {
    expect(read({})).toMatchObject({ checksum: 'CRC32', forcePathStyle: false, region: undefined });
    expect(read({ endpoint: 'https://s3.eu-central-1.amazonaws.com' }).checksum).toBe('CRC32');
  });

  it('asks other servers for nothing they may not know', () => {
    expect(read({ endpoint: 'https://minio.example.com:9000' })).toMatchObject({
      checksum: 'MD5',
      forcePathStyle: true,
      region: 'us-east-1',
    });
    expect(read({ endpoint: 'https://amazonaws.com.evil.example' }).checksum).toBe('MD5');
    expect(read({ endpoint: 'https://r2.example.com', forcePathStyle: false }).forcePathStyle).toBe(false);
  });

  it.each<[string, Partial<S3Block>, object]>([
    ['no encryption', { encryption: { type: 'None' } }, {}],
    ["the service's keys", { encryption: { type: 'S3' } }, { ServerSideEncryption: 'AES256' }],
    [
      'a KMS key',
      { encryption: { type: 'KMS', keyId: 'alias/recordings' } },
      { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'alias/recordings' },
    ],
    ['a storage class', { storageClass: 'STANDARD_IA' }, { StorageClass: 'STANDARD_IA' }],
    ['tags', { tags: { team: 'video & sound', a: '1' } }, { Tagging: 'team=video+%26+sound&a=1' }],
  ])('puts %s into the requests', (_, s3, expected) => {
    expect(read(s3).object).toEqual(expected);
  });

  it('takes static keys, a session token and no keys', () => {
    expect(read({}).keys).toBeUndefined();
    const keys = { accessKeyId: 'id', secretAccessKey: 'secret' };
    expect(read({}, keys).keys).toEqual(keys);
    expect(read({}, { ...keys, sessionToken: 'token' }).keys).toEqual({ ...keys, sessionToken: 'token' });
  });

  it.each([
    [{ accessKeyId: 'id' }, /lack secretAccessKey/],
    [{ secretAccessKey: 'secret' }, /lack accessKeyId/],
  ])('refuses half a key pair %j', (credentials, message) => {
    expect(() => read({}, credentials)).toThrow(message);
  });

  it("wants the customer's key, and of the right length", () => {
    const encryption = { type: 'CustomerKey' } as const;
    const customerKey = Buffer.alloc(32, 'k').toString('base64');
    expect(read({ encryption }, { customerKey }).customerKey).toEqual({
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKey: customerKey,
    });
    expect(() => read({ encryption })).toThrow(/customerKey/);
    expect(() => read({ encryption }, { customerKey: 'c2hvcnQ=' })).toThrow(/32 bytes/);
  });
});
