import type { RunStorage } from '@tapedeck/core';
import { checkStorage, createDriver, createStore, type Driver, s3Capabilities } from '@tapedeck/storage';
import { describeDriver, keepJournal, readObject, sampleUnits } from '@tapedeck/storage/conformance';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FaultProxy, isPutPart, s3Error, startFaultProxy } from '../servers/fault-proxy.ts';
import { findVersityGw, startVersityGw, type VersityGw } from '../servers/versitygw.ts';

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
    const record = async (units: readonly Buffer[], key: string) => {
      const store = await createStore(storage({ endpoint: proxy.endpoint }), {
        retry: { firstDelayMs: 20, maxDelayMs: 200 },
        timeouts: { callMs: 2_000, minBytesPerSecond: 8 * MiB },
      });
      try {
        const { onJournal } = keepJournal();
        const upload = await store.createUpload({
          key,
          contentType: 'video/mp4',
          durabilitySeconds: 0.3,
          onJournal,
        });
        for (const unit of units) await upload.append(unit);
        const info = await upload.finish({ head: Buffer.alloc(10, 'h') });
        const expected = Buffer.concat(units);
        expected.fill('h', 0, 10);
        expect(expected.equals(await readObject(store, key))).toBe(true);
        return info;
      } finally {
        await store.close();
      }
    };
    const units = sampleUnits(12, 2 * MiB);

    it.each([
      [
        'a 503 every second put',
        { fault: { type: 'Status', status: 503, body: s3Error('SlowDown') }, every: 2 },
      ],
      [
        'a 500 every third put',
        { fault: { type: 'Status', status: 500, body: s3Error('InternalError') }, every: 3 },
      ],
      ['resets in the body', { fault: { type: 'Reset', afterBytes: 300_000 }, every: 2 }],
      ['lost answers', { fault: { type: 'LoseAnswer' }, every: 2 }],
      ['puts that arrive late', { fault: { type: 'Late', ms: 400 }, every: 3 }],
      ['a server that says nothing twice', { fault: { type: 'Silence' }, times: 2 }],
    ] as const)(
      'loses nothing by %s',
      async (name, rule) => {
        proxy.inject({ ...rule, matches: isPutPart() });
        await record(units, `${name}.mp4`);
      },
      60_000,
    );

    it('takes a completion that answers 200 with an error for the failure it is', async () => {
      const isComplete = ({ method, path }: { method: string; path: string }) =>
        method === 'POST' && path.includes('uploadId=');
      const fault = { type: 'Status', status: 200, body: s3Error('InternalError') } as const;
      proxy.inject({ fault, matches: isComplete, times: 1 });
      await record(units.slice(0, 1), 'complete-200.mp4');
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
      for (const unit of units) await upload.append(unit);
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
