import type { RunStorage } from '@tapedeck/core';
import { checkStorage, createDriver, createStore, type Driver, s3Capabilities } from '@tapedeck/storage';
import { describeDriver, keepJournal, readObject, sampleUnits } from '@tapedeck/storage/conformance';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FaultProxy, isPutPart, s3Error, startFaultProxy } from '../servers/fault-proxy.ts';
import { findVersityGw, startVersityGw, type VersityGw } from '../servers/versitygw.ts';
import { describeNetworkFaults } from './network-faults.ts';

const MiB = 1024 * 1024;
const program = await findVersityGw();

describe.skipIf(program === undefined)('an S3 server', () => {
  let server: VersityGw;
  let proxy: FaultProxy;
  const secrets: string[] = [];

  beforeAll(async () => {
    server = await startVersityGw();
    proxy = await startFaultProxy(server.endpoint);
    secrets.push(server.secretAccessKey);
  });
  afterEach(() => proxy.clear());
  afterAll(async () => {
    await proxy?.close();
    await server?.stop();
  });

  const storage = (s3: Partial<NonNullable<RunStorage['spec']['s3']>> = {}, values = {}): RunStorage => ({
    name: 'bucket',
    spec: {
      provider: 'S3',
      prefix: 'meetings',
      s3: { bucket: server.bucket, region: server.region, endpoint: server.endpoint, ...s3 },
    },
    credentials: {
      type: 'Inline',
      values: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey, ...values },
    },
  });
  const open = (): Promise<Driver> => {
    const { spec, credentials } = storage();
    return createDriver({ spec, credentials: credentials.type === 'Inline' ? credentials.values : {} });
  };

  describeDriver('S3', s3Capabilities, { open, secrets }, { describe, it });

  describe('through a broken network', () => {
    describeNetworkFaults(s3Capabilities, {
      endpoint: () => server.endpoint,
      storage: (endpoint) => storage({ endpoint }),
      secrets,
      isPut: isPutPart(),
      throttled: { status: 503, body: s3Error('SlowDown') },
      failed: { status: 500, body: s3Error('InternalError') },
      expired: { status: 400, body: s3Error('ExpiredToken') },
      signsTime: true,
    });

    it('takes a completion that answers 200 with an error for the failure it is', async () => {
      const isComplete = ({ method, path }: { method: string; path: string }) =>
        method === 'POST' && path.includes('uploadId=');
      const fault = { type: 'Status', status: 200, body: s3Error('InternalError') } as const;
      proxy.inject({ fault, matches: isComplete, times: 1 });
      const store = await createStore(storage({ endpoint: proxy.endpoint }));
      const { onJournal } = keepJournal();
      const key = 'complete-200.mp4';
      const upload = await store.createUpload({
        key,
        contentType: 'video/mp4',
        durabilitySeconds: 5,
        onJournal,
      });
      await upload.append(Buffer.from('content'));
      await upload.finish();
      expect((await readObject(store, key)).toString()).toBe('content');
      await store.close();
    }, 60_000);

    it('sends only the tail at the end, and then the head', async () => {
      const store = await createStore(storage({ endpoint: proxy.endpoint }));
      const { onJournal } = keepJournal();
      const key = 'end.mp4';
      const upload = await store.createUpload({
        key,
        contentType: 'video/mp4',
        durabilitySeconds: 0.2,
        onJournal,
      });
      for (const unit of sampleUnits(12, 2 * MiB)) await upload.append(unit);
      await upload.flush();
      const before = proxy.requests.length;
      await upload.finish({ head: Buffer.alloc(10), tail: Buffer.alloc(10) });
      const after = proxy.requests.slice(before).map(({ method, path }) => {
        return `${method} ${new URL(path, 'http://x').searchParams.get('partNumber') ?? ''}`;
      });
      expect(after).toEqual(['PUT 5', 'PUT 1', 'POST ']);
      await store.close();
    }, 60_000);
  });

  describe('checked', () => {
    const check = (s3 = {}, values = {}) => checkStorage({ id: 'check', storage: storage(s3, values) });

    it('is ready, with all that it can do, and nothing left behind', async () => {
      const report = await check();
      expect(report).toMatchObject({ ready: true, reason: 'Ready', endpoint: server.endpoint });
      expect(report.steps.filter((step) => !step.passed)).toEqual([]);
      expect(Object.values(report.capabilities)).toEqual([true, true, true, true, true, true]);
      const driver = await open();
      for await (const { key } of driver.list('meetings/.tapedeck-check'))
        expect.fail(`${key} was left behind`);
      await driver.close();
    });

    it.each([
      ['a missing bucket', { bucket: 'missing' }, {}, 'BucketNotFound', 'Bucket'],
      ['another region', { region: 'eu-west-1' }, {}, 'WrongRegion', 'Region'],
      ['a wrong secret', {}, { secretAccessKey: 'wrong-secret' }, 'StorageUnauthenticated', 'Authenticate'],
      ['an unknown key', {}, { accessKeyId: 'nobody' }, 'StorageUnauthenticated', 'Authenticate'],
      [
        'a port where nobody listens',
        { endpoint: 'http://127.0.0.1:1' },
        {},
        'StorageUnreachable',
        'Connect',
      ],
      ['an unknown host', { endpoint: 'http://nohost.invalid' }, {}, 'StorageUnreachable', 'Resolve'],
    ])('names %s', async (_, s3, values, reason, failed) => {
      const report = await check(s3, values);
      expect(report).toMatchObject({ ready: false, reason });
      expect(report.steps.at(-1)).toMatchObject({ name: failed, passed: false, required: true });
      const said = JSON.stringify(report);
      for (const secret of [...secrets, 'wrong-secret']) expect(said).not.toContain(secret);
    });

    it('names TLS where the certificate or the protocol is wrong', async () => {
      const report = await check({ endpoint: server.endpoint.replace('http:', 'https:') });
      expect(report).toMatchObject({ ready: false, reason: 'StorageTlsFailed' });
    });
  });
});
