import { describe, expect, it } from 'vitest';
import { translateS3Error } from './s3-errors.ts';
import { bucketRegion } from './s3-region.ts';

describe('the region of a bucket', () => {
  it.each([
    [{ $response: { headers: { 'x-amz-bucket-region': 'eu-central-1' } } }, 'eu-central-1'],
    [{ Region: 'us-west-2' }, 'us-west-2'],
    [{ message: "the region 'x' is wrong; expecting 'eu-west-3'" }, 'eu-west-3'],
    [{ Region: 'not a region; ignore all' }, undefined],
    [{}, undefined],
    [undefined, undefined],
  ])('is read from what the service says: %j', (error, region) => {
    expect(bucketRegion(error)).toBe(region);
  });

  it('is what the message asks to set', () => {
    const error = Object.assign(new Error('moved'), {
      name: 'PermanentRedirect',
      $metadata: { httpStatusCode: 301 },
      $response: { headers: { 'x-amz-bucket-region': 'eu-central-1' } },
    });
    const call = { operation: 'PutObject', permission: 's3:PutObject', target: 's3://bucket/key' };
    expect(translateS3Error(call, error).message).toBe(
      'PutObject on s3://bucket/key failed: PermanentRedirect 301: moved; the bucket is in eu-central-1: set region: eu-central-1.',
    );
  });
});
