import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RunStorage } from '@tapedeck/core';
import { checkStorage, createDriver, s3Capabilities } from '@tapedeck/storage';
import { describeDriver, openAmazonDriver } from '@tapedeck/storage/conformance';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type FakeMetadata, startFakeMetadata } from '../servers/fake-metadata.ts';
import { type FakeSts, startFakeSts } from '../servers/fake-sts.ts';
import { findVersityGw, startVersityGw, type VersityGw } from '../servers/versitygw.ts';

const program = await findVersityGw();
const POD_TOKEN = "a pod's token";
const arn = 'arn:aws:iam::123456789012:role/recorder';

describe.skipIf(program === undefined)('an S3 storage', () => {
  let server: VersityGw;
  let sts: FakeSts;
  let metadata: FakeMetadata;
  let directory = '';

  beforeAll(async () => {
    server = await startVersityGw();
    sts = await startFakeSts(server);
    metadata = await startFakeMetadata(server, POD_TOKEN);
    directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-identity-'));
  });
  afterEach(() => vi.unstubAllEnvs());
  afterAll(async () => {
    await server?.stop();
    await sts?.close();
    await metadata?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const storage = (s3 = {}, credentials: RunStorage['credentials'] = { type: 'None' }): RunStorage => ({
    name: 'bucket',
    spec: {
      provider: 'S3',
      s3: { bucket: server.bucket, endpoint: server.endpoint, region: server.region, ...s3 },
    },
    credentials,
  });
  const check = (run: RunStorage) => checkStorage({ id: 'check', storage: run });
  const noMachineIdentity = () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE'])
      vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('HOME', directory);
  };

  it('takes keys from a mounted Secret', async () => {
    const secret = path.join(directory, 'secret');
    await mkdir(secret);
    await writeFile(path.join(secret, 'accessKeyId'), `${server.accessKeyId}\n`);
    await writeFile(path.join(secret, 'secretAccessKey'), server.secretAccessKey);
    expect(await check(storage({}, { type: 'Directory', path: secret }))).toMatchObject({ ready: true });
    const missing = await check(storage({}, { type: 'Directory', path: path.join(directory, 'absent') }));
    expect(missing).toMatchObject({ ready: false, reason: 'InvalidCredentials' });
  });

  it('takes what the environment offers where it has no keys of its own', async () => {
    noMachineIdentity();
    vi.stubEnv('AWS_ACCESS_KEY_ID', server.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', server.secretAccessKey);
    expect(await check(storage())).toMatchObject({ ready: true });
  });

  it("takes a ServiceAccount's web identity", async () => {
    noMachineIdentity();
    const tokenFile = path.join(directory, 'token');
    await writeFile(tokenFile, 'a.web.token');
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', tokenFile);
    vi.stubEnv('AWS_ROLE_ARN', arn);
    vi.stubEnv('AWS_REGION', server.region);
    vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.endpoint);
    expect(await check(storage())).toMatchObject({ ready: true });
    const asked = Object.fromEntries(sts.requests.at(-1) ?? []);
    expect(asked).toMatchObject({
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: arn,
      WebIdentityToken: 'a.web.token',
    });
  });

  it('takes the identity that EKS gives a pod', async () => {
    noMachineIdentity();
    const tokenFile = path.join(directory, 'pod-token');
    await writeFile(tokenFile, POD_TOKEN);
    vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${metadata.endpoint}/pod`);
    vi.stubEnv('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', tokenFile);
    expect(await check(storage())).toMatchObject({ ready: true });
    expect(metadata.requests).toContain('GET /pod');
    await writeFile(tokenFile, "another pod's token");
    const report = await check(storage());
    expect(report.ready).toBe(false);
    expect(report.message).toContain('no credentials were found here');
  });

  it("takes the role of the machine's instance", async () => {
    noMachineIdentity();
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', undefined);
    vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', metadata.endpoint);
    expect(await check(storage())).toMatchObject({ ready: true });
    expect(metadata.requests).toContain('PUT /latest/api/token');
  });

  it("takes on a role from a ServiceAccount's web identity", async () => {
    noMachineIdentity();
    const tokenFile = path.join(directory, 'token');
    await writeFile(tokenFile, 'a.web.token');
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', tokenFile);
    vi.stubEnv('AWS_ROLE_ARN', arn);
    vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.endpoint);
    const before = sts.requests.length;
    const other = 'arn:aws:iam::210987654321:role/bucket-owner';
    expect(await check(storage({ assumeRole: { arn: other, externalId: 'agreed' } }))).toMatchObject({
      ready: true,
    });
    const asked = sts.requests.slice(before).map((query) => [query.get('Action'), query.get('RoleArn')]);
    expect(asked).toEqual([
      ['AssumeRoleWithWebIdentity', arn],
      ['AssumeRole', other],
    ]);
    expect(sts.requests.at(-1)?.get('RoleSessionName')).toBe('tapedeck');
  });

  it('renews the keys of a role before they run out, and not before each request', async () => {
    noMachineIdentity();
    vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.endpoint);
    const { spec } = storage({ assumeRole: { arn } });
    const credentials = { accessKeyId: 'own-key', secretAccessKey: 'own-secret' };
    const asked = async (lifetimeMs: number) => {
      sts.lifetimeMs = lifetimeMs;
      const before = sts.requests.length;
      const driver = await createDriver({ spec, credentials });
      for (let put = 0; put < 3; put++)
        await driver.put({ key: 'renewed', contentType: 'text/plain' }, Buffer.from('content'));
      await driver.close();
      return sts.requests.length - before;
    };
    expect(await asked(3_600_000)).toBe(1);
    // Keys that are good for a minute only are taken for run out.
    expect(await asked(60_000)).toBeGreaterThanOrEqual(3);
    sts.lifetimeMs = 3_600_000;
  });

  it('says which role it may not take on', async () => {
    noMachineIdentity();
    vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.endpoint);
    sts.refuse('AccessDenied');
    const values = { accessKeyId: 'own-key', secretAccessKey: 'own-secret' };
    const report = await check(storage({ assumeRole: { arn } }, { type: 'Inline', values }));
    sts.refuse(undefined);
    expect(report).toMatchObject({ ready: false, reason: 'StorageDenied' });
    expect(report.message).toBe(
      `AssumeRole on ${arn} failed: AccessDenied 403: is not authorized to perform: sts:AssumeRole on resource: ${arn}; ` +
        "let the role's trust policy name the identity and its external id, and allow that identity sts:AssumeRole.",
    );
  });

  it('assumes a role with an external id', async () => {
    noMachineIdentity();
    vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.endpoint);
    const values = { accessKeyId: 'own-key', secretAccessKey: 'own-secret' };
    const run = storage({ assumeRole: { arn, externalId: 'agreed' } }, { type: 'Inline', values });
    expect(await check(run)).toMatchObject({ ready: true });
    const asked = Object.fromEntries(sts.requests.at(-1) ?? []);
    expect(asked).toMatchObject({ Action: 'AssumeRole', RoleArn: arn, ExternalId: 'agreed' });
  });

  it('goes unsigned where nobody offers anything, and is told what is missing', async () => {
    noMachineIdentity();
    const report = await check(storage());
    expect(report).toMatchObject({ ready: false, reason: 'StorageDenied' });
    expect(report.message).toContain('no credentials were found here');
    expect(report.message).toContain('s3:PutObject');
  });

  describeDriver(
    "S3 with Amazon's checksums",
    s3Capabilities,
    {
      open: async () => {
        const { accessKeyId, secretAccessKey, bucket, endpoint, region } = server;
        return openAmazonDriver({ bucket, endpoint, region, keys: { accessKeyId, secretAccessKey } });
      },
    },
    // The calls are what differs; the store above them does not.
    { describe: (name, body) => (name.endsWith('calls') ? describe(name, body) : undefined), it },
  );
});
