import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import {
  type ExternalStorageSpec,
  type PolicyIdentity,
  policyIdentities,
  type StorageRight,
  storagePolicy,
  storageRights,
} from '@tapedeck/core';
import { checkStorage } from '@tapedeck/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findVersityGw, startVersityGw, type VersityGw } from '../servers/versitygw.ts';

const run = promisify(execFile);
const program = await findVersityGw();
const sshd = '/usr/sbin/sshd';
const hasSshd = existsSync(sshd) || Boolean(process.env.CI);
if (!hasSshd) process.stderr.write('Skipping tests that need sshd: install openssh-server.\n');
const policyOf = (spec: ExternalStorageSpec, rights: readonly StorageRight[], identity: PolicyIdentity) =>
  storagePolicy({ name: 'team', namespace: 'default', spec, rights, identity });

interface Statement {
  readonly Action: readonly string[];
  readonly Resource: string;
}

describe.skipIf(program === undefined)('the policy of S3', () => {
  let server: VersityGw;
  beforeAll(async () => {
    server = await startVersityGw({ users: true });
  });
  afterAll(() => server?.stop());

  /** What a check finds for somebody who may do this and nothing else. */
  const checkWith = async (rights: readonly StorageRight[]) => {
    const { bucket, region, endpoint, accessKeyId, secretAccessKey } = server;
    const user = await server.createUser();
    const spec: ExternalStorageSpec = {
      provider: 'S3',
      prefix: 'meetings',
      s3: { bucket, region, endpoint },
    };
    const { Statement } = policyOf(spec, rights, 'keys').document as { Statement: readonly Statement[] };
    const client = new S3Client({
      region,
      endpoint,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
    });
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      // The gateway has policies of buckets only, without conditions.
      Statement: Statement.map(({ Action, Resource }) => ({
        Effect: 'Allow',
        Principal: { AWS: [user.accessKeyId] },
        Action,
        Resource,
      })),
    });
    await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
    client.destroy();
    const storage = { name: 'team', spec, credentials: { type: 'Inline', values: user } } as const;
    return await checkStorage({ id: 'check', storage });
  };

  it('is enough to record, and for nothing else', async () => {
    const report = await checkWith([]);
    expect(report).toMatchObject({ ready: true });
    expect(report.capabilities).toEqual({
      multipart: true,
      rewriteFirstPart: true,
      read: false,
      list: false,
      delete: false,
      signUrls: false,
    });
  });

  it('gives what was asked for', async () => {
    const report = await checkWith(storageRights);
    expect(report.steps.filter(({ passed }) => !passed)).toEqual([]);
  });
});

const specs: readonly ExternalStorageSpec[] = [
  {
    provider: 'S3',
    prefix: "it's/a b",
    s3: { bucket: 'recordings', region: 'eu-central-1', encryption: { type: 'KMS', keyId: 'alias/a' } },
  },
  { provider: 'S3', s3: { bucket: 'recordings', endpoint: 'https://s3.us-west-004.backblazeb2.com' } },
  { provider: 'S3', s3: { bucket: 'recordings', endpoint: 'https://x.r2.cloudflarestorage.com' } },
  { provider: 'S3', s3: { bucket: 'recordings', endpoint: 'https://s3.example.com' } },
  { provider: 'DigitalOcean', digitalOcean: { bucket: 'space', region: 'fra1' } },
  { provider: 'AzureBlob', prefix: "it's/a b", azureBlob: { account: 'acme', container: 'recordings' } },
  { provider: 'GCS', prefix: "it's/a b", gcs: { bucket: 'recordings' } },
  { provider: 'SFTP', sftp: { host: 'files.example.com', directory: "/it's here" } },
  { provider: 'Local', prefix: 'a b', local: { directory: "/srv/it's" } },
];

describe('what is printed to paste', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-policy-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('is what a shell takes, for every provider and identity', async () => {
    for (const [index, spec] of specs.entries()) {
      for (const identity of policyIdentities) {
        for (const rights of [[], storageRights]) {
          const script = path.join(directory, `${index}-${identity}-${rights.length}.sh`);
          try {
            await writeFile(script, policyOf(spec, rights, identity).text);
          } catch (error) {
            expect(error).toMatchObject({ code: 'NotSupported' });
            continue;
          }
          await run('bash', ['-n', script]);
        }
      }
    }
  });

  it.skipIf(!hasSshd)('is what sshd takes', async () => {
    const { text } = policyOf({ provider: 'SFTP', sftp: { host: 'h' } }, [], 'keys');
    const stanza = /^Match User[\s\S]*?(?=\nEOF)/m.exec(text)?.[0] ?? '';
    const hostKey = path.join(directory, 'host-key');
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', hostKey]);
    const config = path.join(directory, 'sshd_config');
    await writeFile(config, `HostKey ${hostKey}\nSubsystem sftp internal-sftp\n${stanza}\n`);
    const test = ['-T', '-C', 'user=tapedeck,host=h,addr=127.0.0.1', '-f', config];
    const { stdout } = await run(sshd, test);
    expect(stdout).toContain('forcecommand internal-sftp -u 0027 -d /recordings -P symlink,opendir,readdir');
    expect(stdout).toContain('authorizedkeysfile /etc/ssh/authorized_keys.d/%u');
  });
});
