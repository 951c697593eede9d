import { createHash } from 'node:crypto';
import {
  CreateBucketCommand,
  GetObjectRetentionCommand,
  GetObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { ExternalStorageSpec } from '@tapedeck/core';
import { checkStorage, createDriver, type Driver } from '@tapedeck/storage';
import { openAmazonDriver, uniqueKey } from '@tapedeck/storage/conformance';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RecordingS3, startRecordingS3 } from '../servers/recording-s3.ts';
import { findVersityGw, startVersityGw, type VersityGw } from '../servers/versitygw.ts';

type S3Block = NonNullable<ExternalStorageSpec['s3']>;

const DAY_MS = 86_400_000;
const keys = { accessKeyId: 'id', secretAccessKey: 'secret' };

/** One small recording's worth of calls. */
async function write(driver: Driver, key: string): Promise<void> {
  const bytes = Buffer.from('content');
  const size = bytes.length;
  const token = await driver.begin({ key, contentType: 'video/mp4' });
  const receipt = await driver.putPart(token, { number: 1, offset: 0, size, bytes: [bytes] });
  await driver.complete(token, [{ number: 1, offset: 0, size, receipt }]);
}

describe('an S3 request', () => {
  let server: RecordingS3;
  beforeAll(async () => {
    server = await startRecordingS3();
  });
  afterAll(() => server.close());

  /** The headers of each call that writes one object in parts and one at once. */
  const headersOf = async (open: (endpoint: string) => Promise<Driver>) => {
    const driver = await open(server.endpoint);
    const before = server.requests.length;
    await write(driver, 'parts.mp4');
    await driver.put({ key: 'small.json', contentType: 'application/json' }, Buffer.from('{}'));
    await driver.head('parts.mp4').catch(() => undefined); // The answer is not what is asked about.
    await driver.close();
    return Object.fromEntries(server.requests.slice(before).map(({ call, headers }) => [call, headers]));
  };
  const generic = (s3: Partial<S3Block> = {}, values = {}) =>
    headersOf((endpoint) =>
      createDriver({
        spec: { provider: 'S3', s3: { bucket: 'recordings', endpoint, ...s3 } },
        credentials: { ...keys, ...values },
      }),
    );
  const BEGINNINGS = ['CreateMultipartUpload', 'PutObject'];

  it.each<[string, Partial<S3Block>, Record<string, string>]>([
    ["the service's keys", { encryption: { type: 'S3' } }, { 'x-amz-server-side-encryption': 'AES256' }],
    [
      'a KMS key and its context',
      { encryption: { type: 'KMS', keyId: 'alias/recordings', context: { team: 'video' } } },
      {
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': 'alias/recordings',
        'x-amz-server-side-encryption-context': Buffer.from('{"team":"video"}').toString('base64'),
      },
    ],
    ['a storage class', { storageClass: 'STANDARD_IA' }, { 'x-amz-storage-class': 'STANDARD_IA' }],
    ['tags', { tags: { team: 'video' } }, { 'x-amz-tagging': 'team=video' }],
    [
      "the bucket owner's rights",
      { acl: 'BucketOwnerFullControl' },
      { 'x-amz-acl': 'bucket-owner-full-control' },
    ],
  ])('asks for %s where an object begins', async (_, s3, expected) => {
    const calls = await generic(s3);
    for (const call of BEGINNINGS) expect(calls[call]).toMatchObject(expected);
    for (const name of Object.keys(expected)) expect(calls.UploadPart).not.toHaveProperty([name]);
  });

  it.each([
    ['Governance', 'GOVERNANCE'],
    ['Compliance', 'COMPLIANCE'],
  ] as const)('locks what begins, in mode %s, and sends checksums with all bytes', async (mode, word) => {
    const before = Date.now();
    const calls = await generic({ objectLock: { mode, retainFor: '240h' } });
    for (const call of BEGINNINGS) {
      expect(calls[call]?.['x-amz-object-lock-mode']).toBe(word);
      const until = Date.parse(String(calls[call]?.['x-amz-object-lock-retain-until-date']));
      expect(until).toBeGreaterThan(before + 10 * DAY_MS - 1000);
      expect(until).toBeLessThan(Date.now() + 10 * DAY_MS + 1000);
    }
    for (const call of ['UploadPart', 'PutObject']) expect(calls[call]).toHaveProperty('content-md5');
  });

  it("sends the customer's key and its digest with every call on the bytes", async () => {
    const key = Buffer.alloc(32, 'k');
    const customerKey = key.toString('base64');
    const digest = createHash('md5').update(key).digest('base64');
    const calls = await generic({ encryption: { type: 'CustomerKey' } }, { customerKey });
    for (const call of [...BEGINNINGS, 'UploadPart', 'CompleteMultipartUpload', 'HeadObject']) {
      expect(calls[call], call).toMatchObject({
        'x-amz-server-side-encryption-customer-algorithm': 'AES256',
        'x-amz-server-side-encryption-customer-key': customerKey,
        'x-amz-server-side-encryption-customer-key-md5': digest,
      });
    }
  });

  it('carries the session token of temporary keys', async () => {
    const calls = await generic({}, { sessionToken: 'a-session-token' });
    for (const headers of Object.values(calls))
      expect(headers['x-amz-security-token']).toBe('a-session-token');
  });

  it('has nothing that only Amazon knows, for other servers', async () => {
    for (const [call, headers] of Object.entries(await generic())) {
      const names = Object.keys(headers);
      expect(
        names.filter((name) => /checksum|trailer|sdk-checksum/.test(name)),
        call,
      ).toEqual([]);
      expect(headers['content-encoding'], call).toBeUndefined();
      expect(String(headers['x-amz-content-sha256'] ?? ''), call).not.toContain('STREAMING');
      // Google's front end changes it on the way, so it must not be signed.
      expect(headers.authorization, call).not.toContain('accept-encoding');
    }
  });

  it('has the checksums of its bytes, for Amazon', async () => {
    const config = { bucket: 'recordings', region: 'us-east-1', keys };
    const calls = await headersOf((endpoint) => openAmazonDriver({ ...config, endpoint }));
    expect(calls.CreateMultipartUpload?.['x-amz-checksum-algorithm']).toBe('CRC32');
    for (const call of ['UploadPart', 'PutObject'])
      expect(calls[call]).toHaveProperty('x-amz-checksum-crc32');
  });
});

const program = await findVersityGw();

describe.skipIf(program === undefined)('an S3 bucket with Object Lock', () => {
  let server: VersityGw;
  let client: S3Client;
  const Bucket = 'locked';

  beforeAll(async () => {
    server = await startVersityGw();
    const { endpoint, region, accessKeyId, secretAccessKey } = server;
    const credentials = { accessKeyId, secretAccessKey };
    client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  });
  afterAll(async () => {
    client?.destroy();
    await server?.stop();
  });

  const spec = (): ExternalStorageSpec => ({
    provider: 'S3',
    s3: {
      bucket: Bucket,
      endpoint: server.endpoint,
      region: server.region,
      tags: { team: 'video' },
      objectLock: { mode: 'Compliance', retainFor: '48h' },
    },
  });
  const values = () => ({ accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey });

  it('keeps a recording for as long as was asked, with its tags', async () => {
    const driver = await createDriver({ spec: spec(), credentials: values() });
    const Key = uniqueKey('locked.mp4');
    await write(driver, Key);
    const { Retention } = await client.send(new GetObjectRetentionCommand({ Bucket, Key }));
    expect(Retention?.Mode).toBe('COMPLIANCE');
    const left = (Retention?.RetainUntilDate?.getTime() ?? 0) - Date.now();
    expect(Math.abs(left - 2 * DAY_MS)).toBeLessThan(60_000);
    const { TagSet } = await client.send(new GetObjectTaggingCommand({ Bucket, Key }));
    expect(TagSet).toEqual([{ Key: 'team', Value: 'video' }]);
    await expect(driver.delete(Key)).rejects.toMatchObject({ code: 'StorageDenied' });
    await driver.close();
  });

  it('is checked without locking anything for longer than a minute', async () => {
    const storage = {
      name: 'locked',
      spec: spec(),
      credentials: { type: 'Inline', values: values() } as const,
    };
    const report = await checkStorage({ id: 'check', storage });
    expect(report).toMatchObject({ ready: true });
    const driver = await createDriver({ spec: spec(), credentials: values() });
    let left = 0;
    for await (const { key } of driver.list('.tapedeck-check')) {
      left++;
      const { Retention } = await client.send(new GetObjectRetentionCommand({ Bucket, Key: key }));
      expect((Retention?.RetainUntilDate?.getTime() ?? 0) - Date.now()).toBeLessThan(60_000);
    }
    // This server has no versions here: what is locked stays until its minute is over.
    expect(left).toBeGreaterThan(0);
    await driver.close();
  });
});
