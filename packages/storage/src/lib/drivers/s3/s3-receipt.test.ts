import { describe, expect, it } from 'vitest';
import { openS3Driver } from './s3-driver.ts';
import { predictReceipt } from './s3-receipt.ts';

const config = {
  bucket: 'recordings',
  region: 'us-east-1',
  endpoint: 'http://127.0.0.1:1',
  forcePathStyle: true,
  equalParts: false,
  replaceParts: true,
  checksum: 'MD5',
  keys: { accessKeyId: 'id', secretAccessKey: 'secret' },
  assumeRole: undefined,
  object: {},
  objectLock: undefined,
  customerKey: undefined,
} as const;

describe("an S3 part's receipt", () => {
  it('is told from the bytes: their MD5, and the checksum that was sent', () => {
    const chunks = [Buffer.from('hel'), Buffer.from('lo')];
    expect(predictReceipt('MD5', chunks)).toEqual({ etag: '"5d41402abc4b2a76b9719d911017c592"' });
    expect(predictReceipt('CRC32', chunks)).toEqual({
      etag: '"5d41402abc4b2a76b9719d911017c592"',
      crc32: 'NhCmhg==',
    });
  });

  it.each([
    ['no encryption', {}, true],
    ["the service's keys", { object: { ServerSideEncryption: 'AES256' } }, true],
    ['a KMS key', { object: { ServerSideEncryption: 'aws:kms' } }, false],
    ["the customer's key", { customerKey: { SSECustomerAlgorithm: 'AES256', SSECustomerKey: 'key' } }, false],
  ] as const)('with %s', async (_, fields, can) => {
    const driver = await openS3Driver('S3', { ...config, ...fields });
    expect(driver.predictReceipt !== undefined).toBe(can);
    await driver.close();
  });
});
