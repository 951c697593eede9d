import type { ExternalStorageSpec } from '@tapedeck/core';
import { createDriver } from '@tapedeck/storage';
import { afterEach, describe, expect, it, vi } from 'vitest';

type S3Block = NonNullable<ExternalStorageSpec['s3']>;

const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };

/** Where a request for the key `a.mp4` would go, and the region it would be signed for; nothing is sent. */
async function addressOf(spec: ExternalStorageSpec): Promise<{ url: string; region: string | undefined }> {
  const driver = await createDriver({ spec, credentials });
  const signed = new URL((await driver.signUrl?.('a.mp4', 60)) ?? '');
  await driver.close();
  const region = signed.searchParams.get('X-Amz-Credential')?.split('/')[2];
  return { url: `${signed.origin}${signed.pathname}`, region };
}

describe('requests go', () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each<[string, S3Block, string, string]>([
    [
      'to Amazon',
      { bucket: 'recordings', region: 'eu-central-1' },
      'https://recordings.s3.eu-central-1.amazonaws.com/a.mp4',
      'eu-central-1',
    ],
    [
      'to Amazon in China',
      { bucket: 'recordings', region: 'cn-north-1' },
      'https://recordings.s3.cn-north-1.amazonaws.com.cn/a.mp4',
      'cn-north-1',
    ],
    [
      'to a dual-stack endpoint, whose name tells the region',
      { bucket: 'recordings', endpoint: 'https://s3.dualstack.eu-west-1.amazonaws.com' },
      'https://recordings.s3.dualstack.eu-west-1.amazonaws.com/a.mp4',
      'eu-west-1',
    ],
    [
      'to a FIPS endpoint',
      { bucket: 'recordings', endpoint: 'https://s3-fips.us-gov-west-1.amazonaws.com' },
      'https://recordings.s3-fips.us-gov-west-1.amazonaws.com/a.mp4',
      'us-gov-west-1',
    ],
    [
      'to an access point by its ARN',
      { bucket: 'arn:aws:s3:us-west-2:123456789012:accesspoint/talks', region: 'us-west-2' },
      'https://talks-123456789012.s3-accesspoint.us-west-2.amazonaws.com/a.mp4',
      'us-west-2',
    ],
    [
      'to an access point by its alias',
      { bucket: 'talks-8tyekmigicmhun8n9kwpfur39dnw4use1a-s3alias', region: 'us-east-1' },
      'https://talks-8tyekmigicmhun8n9kwpfur39dnw4use1a-s3alias.s3.us-east-1.amazonaws.com/a.mp4',
      'us-east-1',
    ],
    [
      'to R2',
      { bucket: 'recordings', endpoint: 'https://0123456789abcdef.r2.cloudflarestorage.com' },
      'https://0123456789abcdef.r2.cloudflarestorage.com/recordings/a.mp4',
      'auto',
    ],
    [
      'to Backblaze',
      { bucket: 'recordings', endpoint: 'https://s3.us-west-004.backblazeb2.com' },
      'https://s3.us-west-004.backblazeb2.com/recordings/a.mp4',
      'us-west-004',
    ],
    [
      "to Google's XML API",
      { bucket: 'recordings', endpoint: 'https://storage.googleapis.com' },
      'https://storage.googleapis.com/recordings/a.mp4',
      'auto',
    ],
    [
      'to a server of one’s own below a path',
      { bucket: 'recordings', endpoint: 'http://storage.example.com:9000/s3' },
      'http://storage.example.com:9000/s3/recordings/a.mp4',
      'us-east-1',
    ],
  ])('%s', async (_, s3, url, region) => {
    expect(await addressOf({ provider: 'S3', s3 })).toEqual({ url, region });
  });

  it('to the Space of a region', async () => {
    const spec = { provider: 'DigitalOcean', digitalOcean: { bucket: 'talks', region: 'FRA1' } } as const;
    expect(await addressOf(spec)).toEqual({
      url: 'https://fra1.digitaloceanspaces.com/talks/a.mp4',
      region: 'fra1',
    });
  });

  it("to Amazon in the environment's region", async () => {
    vi.stubEnv('AWS_REGION', 'ap-southeast-2');
    expect(await addressOf({ provider: 'S3', s3: { bucket: 'recordings' } })).toEqual({
      url: 'https://recordings.s3.ap-southeast-2.amazonaws.com/a.mp4',
      region: 'ap-southeast-2',
    });
  });
});
