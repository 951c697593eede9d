import { PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import { type RunStorage, type StorageRight, storagePolicy, storageRights } from '@tapedeck/core';
import { checkStorage, createStore } from '@tapedeck/storage';
import { keepJournal, readObject, sampleUnits, uniqueKey } from '@tapedeck/storage/conformance';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { codeBlocks } from '../repo/markdown.ts';
import { findVersityGw, startVersityGw, type VersityGw } from '../servers/versitygw.ts';

const program = await findVersityGw();
const policies = codeBlocks('docs/storage/s3.md')
  .filter(({ language }) => language === 'json')
  .map(({ text }) => JSON.parse(text));
/** The policy of that name on the page, so that what is tried is what a reader copies. */
const policyNamed = (sid: string) => {
  const found = policies.find(({ Statement }) => Statement?.[0]?.Sid === sid);
  if (found === undefined) throw new Error(`docs/storage/s3.md has no policy ${sid}.`);
  return structuredClone(found);
};

describe.skipIf(program === undefined)('an S3 bucket with the policy of the page', () => {
  let server: VersityGw;
  let client: S3Client;
  let user: { accessKeyId: string; secretAccessKey: string };

  beforeAll(async () => {
    server = await startVersityGw({ users: true });
    const { endpoint, region, accessKeyId, secretAccessKey } = server;
    const credentials = { accessKeyId, secretAccessKey };
    client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    user = await server.createUser();
  });
  afterEach(() => vi.unstubAllEnvs());
  afterAll(async () => {
    client?.destroy();
    await server?.stop();
  });

  const setPolicy = (policy: object) =>
    client.send(new PutBucketPolicyCommand({ Bucket: server.bucket, Policy: JSON.stringify(policy) }));
  /** An identity's policy says what, a bucket's also who. */
  const grant = (sid: string, more: readonly object[] = []) => {
    const policy = policyNamed(sid);
    const statements = [...policy.Statement, ...more];
    return setPolicy({
      ...policy,
      Statement: statements.map((one) => ({ Principal: { AWS: user.accessKeyId }, ...one })),
    });
  };
  const storage = (credentials: RunStorage['credentials']): RunStorage => ({
    name: 'bucket',
    spec: {
      provider: 'S3',
      s3: { bucket: server.bucket, endpoint: server.endpoint, region: server.region },
    },
    credentials,
  });
  const inline = (values: Record<string, string>) => storage({ type: 'Inline', values });
  const owner = () => inline({ accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey });

  /** Records as that identity, is cut off, and is completed by another process with the same rights. */
  const recordAndCut = async (identity: RunStorage) => {
    const units = sampleUnits(13, 1024 * 1024);
    const whole = Buffer.concat(units);
    const [mine, another, reader] = await Promise.all(
      [identity, identity, { ...owner(), spec: identity.spec }].map((one) => createStore(one)),
    );
    if (mine === undefined || another === undefined || reader === undefined) throw new Error('no store');
    try {
      for (const isCut of [false, true]) {
        const { onJournal, last } = keepJournal();
        const key = uniqueKey('file.mp4');
        const upload = await mine.createUpload({
          key,
          contentType: 'video/mp4',
          durabilitySeconds: 0.3,
          onJournal,
        });
        for (const unit of units) await upload.append(unit);
        await upload.flush();
        if (isCut) await upload.close();
        const { size } = isCut ? await another.completeFromJournal(last()) : await upload.finish();
        expect(size).toBe(whole.length);
        expect(whole.equals(await readObject(reader, key))).toBe(true);
        // A finishing run that comes again is no error, and can see no object.
        if (isCut) expect((await another.completeFromJournal(last())).size).toBe(size);
      }
    } finally {
      for (const store of [mine, another, reader]) await store.close();
    }
  };

  it('takes recordings from who may put objects and nothing else', async () => {
    await grant('Record');
    const report = await checkStorage({ id: 'check', storage: inline(user) });
    expect(report).toMatchObject({
      ready: true,
      capabilities: { multipart: true, rewriteFirstPart: true, read: false, list: false, delete: false },
    });
    for (const { name, passed, message } of report.steps.filter((step) => !step.passed)) {
      expect({ name, passed }).toEqual({ name, passed: false });
      expect(message).toMatch(/allow s3:(GetObject|ListBucket|DeleteObject) there|answers 403/);
    }
    await recordAndCut(inline(user));
    const reader = await createStore(owner());
    const left: string[] = [];
    for await (const { key } of reader.list('.tapedeck-check')) left.push(key);
    await reader.close();
    expect(left).toEqual(['.tapedeck-check', '.tapedeck-check-multipart']);
  }, 60_000);

  it.each([
    ['s3:ListMultipartUploadParts', 's3:AbortMultipartUpload'],
    ['s3:GetObject', 's3:DeleteObject'],
  ])(
    'takes them with %s and %s as well',
    async (...actions) => {
      const Resource = `arn:aws:s3:::${server.bucket}/*`;
      await grant('Record', [{ Sid: 'More', Effect: 'Allow', Action: actions, Resource }]);
      const report = await checkStorage({ id: 'check', storage: inline(user) });
      const mayRead = actions.includes('s3:GetObject');
      expect(report).toMatchObject({ ready: true, capabilities: { read: mayRead, delete: mayRead } });
      await recordAndCut(inline(user));
    },
    60_000,
  );

  it.each<[string, readonly StorageRight[]]>([
    ['nothing more', []],
    ['all rights', storageRights],
  ])(
    'takes them below a prefix by the policy that the command line prints, with %s',
    async (_, rights) => {
      const run = inline(user);
      const spec = { ...run.spec, prefix: 'meetings/2026' };
      const { document } = storagePolicy({
        name: 'bucket',
        namespace: 'default',
        spec,
        rights,
        identity: 'keys',
      });
      const { Statement: statements = [] } = document as { Statement?: object[] };
      await setPolicy({
        ...document,
        Statement: statements.map((one) => ({ Principal: { AWS: user.accessKeyId }, ...one })),
      });
      const report = await checkStorage({ id: 'check', storage: { ...run, spec } });
      const may = rights.length > 0;
      expect(report).toMatchObject({ ready: true, capabilities: { read: may, list: may, delete: may } });
      await recordAndCut({ ...run, spec });
      // Beside the prefix nothing is allowed.
      expect(await checkStorage({ id: 'check', storage: run })).toMatchObject({ reason: 'StorageDenied' });
    },
    60_000,
  );

  it('names the right that is missing', async () => {
    await setPolicy({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: user.accessKeyId },
          Action: ['s3:GetObject'],
          Resource: `arn:aws:s3:::${server.bucket}/*`,
        },
      ],
    });
    const report = await checkStorage({ id: 'check', storage: inline(user) });
    expect(report).toMatchObject({ ready: false, reason: 'StorageDenied' });
    expect(report.message).toContain('allow s3:PutObject there');
    expect(JSON.stringify(report)).not.toContain(user.secretAccessKey);
  });

  it('takes recordings from an identity that its policy names, without keys in the storage', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', user.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', user.secretAccessKey);
    const policy = policyNamed('RecordFromAnotherAccount');
    expect(policy.Statement[0].Principal.AWS).toMatch(/^arn:aws:iam::/);
    policy.Statement[0].Principal.AWS = user.accessKeyId;
    await setPolicy(policy);
    expect(await checkStorage({ id: 'check', storage: storage({ type: 'None' }) })).toMatchObject({
      ready: true,
    });
    await recordAndCut(storage({ type: 'None' }));
  }, 60_000);

  it('takes none from everybody, and is told why', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE'])
      vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('HOME', server.directory);
    const policy = policyNamed('RecordFromAnotherAccount');
    policy.Statement[0].Principal = '*';
    await setPolicy(policy);
    const report = await checkStorage({ id: 'check', storage: storage({ type: 'None' }) });
    expect(report).toMatchObject({ ready: false, reason: 'StorageDenied' });
    expect(report.steps.at(-1)).toMatchObject({ name: 'Multipart', passed: false });
    expect(report.message).toContain('no credentials were found here');
  });
});
