import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import { type CopySpec, exitCodes, type RunReport, type RunStorage, runReport } from '@tapedeck/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../repo/checkout.ts';
import { findVersityGw, startVersityGw, type VersityGw } from '../servers/versitygw.ts';

const program = await findVersityGw();
/** Three parts. */
const content = randomBytes(12 * 1024 * 1024);

describe.skipIf(program === undefined)('a copy with no more rights than to create objects', () => {
  let server: VersityGw;
  let directory: string;
  let user: { accessKeyId: string; secretAccessKey: string };

  beforeAll(async () => {
    server = await startVersityGw({ users: true });
    user = await server.createUser();
    directory = await mkdtemp(join(tmpdir(), 'tapedeck-copy-'));
    await writeFile(join(directory, 'a.mp4'), content);
    await writeFile(join(server.directory, server.bucket, 'a.mp4'), content);
    const { endpoint, region, bucket, accessKeyId, secretAccessKey } = server;
    const credentials = { accessKeyId, secretAccessKey };
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    const create = {
      Effect: 'Allow',
      Principal: { AWS: user.accessKeyId },
      Action: ['s3:PutObject', 's3:AbortMultipartUpload'],
      Resource: `arn:aws:s3:::${bucket}/*`,
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [create] });
    await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
    client.destroy();
  });
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
    await server?.stop();
  });

  const bucketStorage = (): RunStorage => {
    const { bucket, endpoint, region } = server;
    const spec = { provider: 'S3', s3: { bucket, endpoint, region, forcePathStyle: true } } as const;
    return { name: 'bucket', spec, credentials: { type: 'Inline', values: { ...user } } };
  };
  const disk = (name: string): RunStorage => ({
    name,
    spec: { provider: 'Local', local: { directory: name === 'disk' ? directory : join(directory, name) } },
    credentials: { type: 'None' },
  });

  async function run(
    target: string,
    key: string,
    storages: readonly RunStorage[],
    ...from: readonly string[]
  ): Promise<{ code: number | null; report: RunReport }> {
    const checksum = crc32(content).toString(16).padStart(8, '0');
    const sources = from.map((storage) => ({
      storage,
      key: 'a.mp4',
      bytes: content.length,
      crc32: checksum,
    }));
    const spec: CopySpec = {
      version: 1,
      mode: 'Copy',
      id: 'copy-1',
      copy: { namespace: 'default', name: 'copy', uid: 'copy' },
      attempt: 1,
      target,
      storages: [...storages],
      files: [{ segment: 1, key, durationSeconds: 1, sources }],
      previous: [],
      desired: 'Recording',
      resultFile: join(directory, 'result.json'),
    };
    const { status } = spawnSync(process.execPath, [join(root, 'packages/recorder/dist/main.js'), 'run'], {
      input: JSON.stringify(spec),
      timeout: 60_000,
    });
    const report = runReport.parse(JSON.parse(await readFile(join(directory, 'result.json'), 'utf8')));
    return { code: status, report };
  }

  it('writes where it cannot look', async () => {
    const { code, report } = await run('bucket', 'b.mp4', [bucketStorage(), disk('disk')], 'disk');
    expect({ code, result: report.result }).toEqual({ code: 0, result: { exit: 'Complete' } });
    expect((await readFile(join(server.directory, server.bucket, 'b.mp4'))).equals(content)).toBe(true);
  });

  it('says that the file cannot be read, and what to do about it', async () => {
    const { code, report } = await run('out', 'c.mp4', [disk('out'), bucketStorage()], 'bucket');
    expect(code).toBe(exitCodes.SourceFailed);
    expect(report.result).toMatchObject({ exit: 'SourceFailed', code: 'SourceDenied' });
    expect(report.result?.message).toContain('give its credentials the right to read');
    expect(report.files).toEqual([]);
    expect(JSON.stringify(report)).not.toContain(user.secretAccessKey);
  });

  it('reads the next storage that has the file', async () => {
    const storages = [disk('out'), bucketStorage(), disk('disk')];
    const { code, report } = await run('out', 'd.mp4', storages, 'bucket', 'disk');
    expect(code).toBe(0);
    expect(report.files).toMatchObject([{ state: 'Complete', copyOf: { storage: 'disk' } }]);
    expect((await readFile(join(directory, 'out/d.mp4'))).equals(content)).toBe(true);
  });

  it('says which bucket is not there', async () => {
    const { spec, ...rest } = bucketStorage();
    const nowhere = { ...rest, spec: { ...spec, s3: { ...spec.s3, bucket: 'nowhere' } } } as RunStorage;
    const { code, report } = await run('bucket', 'e.mp4', [nowhere, disk('disk')], 'disk');
    expect(code).toBe(exitCodes.StorageRefused);
    expect(report.result).toMatchObject({ code: 'BucketNotFound' });
  });
});
