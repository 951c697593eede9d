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
  });

  it('is what the service is known for, unless the spec says otherwise', () => {
    const endpoint = 'https://0123456789abcdef.r2.cloudflarestorage.com';
    expect(read({ endpoint })).toMatchObject({
      region: 'auto',
      checksum: 'MD5',
      forcePathStyle: true,
      equalParts: true,
      replaceParts: false,
    });
    const said = { region: 'eeur', forcePathStyle: false, equalParts: false, replaceParts: true };
    expect(read({ endpoint, ...said })).toMatchObject(said);
    expect(read({ endpoint: 'https://s3.eu-west-3.amazonaws.com' }).region).toBe('eu-west-3');
    expect(read({ endpoint: 'https://s3.eu-west-3.amazonaws.com', region: 'eu-west-1' }).region).toBe(
      'eu-west-1',
    );
  });

  it.each<[string, Partial<S3Block>]>([
    ['https://fra1.digitaloceanspaces.com', { storageClass: 'STANDARD_IA' }],
    ['https://0123456789abcdef.r2.cloudflarestorage.com', { tags: { team: 'video' } }],
    ['https://0123456789abcdef.r2.cloudflarestorage.com', { encryption: { type: 'KMS' } }],
    ['https://s3.us-west-004.backblazeb2.com', { acl: 'BucketOwnerFullControl' }],
    ['https://storage.googleapis.com', { objectLock: { mode: 'Compliance', retainFor: '24h' } }],
  ])('refuses at %s what that does not know: %j', (endpoint, s3) => {
    expect(() => read({ endpoint, ...s3 })).toThrow(/ has no spec\.s3\..+; leave it out\./);
    expect(() => read({ endpoint: 'https://s3.example.com', ...s3 })).not.toThrow();
    expect(() => read(s3)).not.toThrow();
  });

  it('keeps for as long as is asked', () => {
    const objectLock = { mode: 'Governance', retainFor: '8760h' } as const;
    expect(read({ objectLock }).objectLock).toEqual({ mode: 'GOVERNANCE', retainForSeconds: 8760 * 3600 });
  });

  it.each<[string, Partial<S3Block>, object]>([
    ['no encryption', { encryption: { type: 'None' } }, {}],
    ["the service's keys", { encryption: { type: 'S3' } }, { ServerSideEncryption: 'AES256' }],
    [
      'a KMS key',
      { encryption: { type: 'KMS', keyId: 'alias/recordings' } },
      { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'alias/recordings' },
    ],
    [
      'the context of a KMS key',
      { encryption: { type: 'KMS', context: { team: 'video' } } },
      {
        ServerSideEncryption: 'aws:kms',
        SSEKMSEncryptionContext: Buffer.from('{"team":"video"}').toString('base64'),
      },
    ],
    ["the bucket owner's rights", { acl: 'BucketOwnerFullControl' }, { ACL: 'bucket-owner-full-control' }],
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
    const clear = { encryption, endpoint: 'http://s3.example.com' };
    expect(() => read(clear, { customerKey })).toThrow(/use an endpoint with https/);
    for (const host of ['localhost', '127.0.0.1', '[::1]'])
      expect(() => read({ encryption, endpoint: `http://${host}:7070` }, { customerKey })).not.toThrow();
  });
});
