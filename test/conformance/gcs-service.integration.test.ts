import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { RunStorage } from '@tapedeck/core';
import { checkStorage, createDriver, createStore } from '@tapedeck/storage';
import { keepJournal, readObject, sampleBytes, sampleUnits, uniqueKey } from '@tapedeck/storage/conformance';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FaultProxy, isPutPart, s3Error, startFaultProxy } from '../servers/fault-proxy.ts';
import { findFakeGcs, type GcsServer, startGcs } from '../servers/gcs.ts';

const MiB = 1024 * 1024;
const program = await findFakeGcs();

describe.skipIf(program === undefined)('a Cloud Storage bucket', () => {
  let server: GcsServer;
  let proxy: FaultProxy;
  let account = '';

  beforeAll(async () => {
    server = await startGcs({ partsPerPage: 2 });
    proxy = await startFaultProxy(server.endpoint);
    account = server.identities.addAccount('user');
  });
  afterEach(() => proxy.clear());
  afterAll(async () => {
    await proxy?.close();
    await server?.close();
  });

  const storage = (
    gcs: Partial<NonNullable<RunStorage['spec']['gcs']>> = {},
    values: Record<string, string> = { serviceAccount: account },
  ): RunStorage => ({
    name: 'bucket',
    spec: {
      provider: 'GCS',
      prefix: 'meetings',
      gcs: { bucket: server.bucket, endpoint: server.endpoint, ...gcs },
    },
    credentials: { type: 'Inline', values },
  });
  const check = (gcs = {}, values?: Record<string, string>) =>
    checkStorage({ id: 'check', storage: storage(gcs, values) });
  /** Nothing of the kinds of secrets that there are. */
  const expectNoSecrets = (said: string, values: Record<string, string> = {}) => {
    const keys = [account, values.serviceAccount ?? '{}'].map(
      (text) => /"private_key":"([^"]+)"/.exec(text)?.[1] ?? 'none',
    );
    const lines = keys.flatMap((key) =>
      key.split('\\n').filter((line) => line.length > 30 && !line.includes('-')),
    );
    for (const secret of [...lines, ...server.identities.tokens, values.secretAccessKey ?? 'none'])
      expect(said).not.toContain(secret);
  };

  describe.each([
    ['multipart uploads', 'Multipart'],
    ['resumable sessions', 'Resumable'],
  ] as const)('through a broken network, by %s', (_, upload) => {
    const isPut = (request: { method: string; path: string }) =>
      isPutPart()(request) || (request.method === 'PUT' && request.path.includes('upload_id='));
    const units = sampleUnits(8, 2 * MiB);

    it.each([
      [
        'a 503 every second put',
        { fault: { type: 'Status', status: 503, body: s3Error('ServiceUnavailable') }, every: 2 },
      ],
      [
        'a 429 every third put',
        { fault: { type: 'Status', status: 429, body: s3Error('SlowDown') }, every: 3 },
      ],
      ['a 500 without words', { fault: { type: 'Status', status: 500 }, every: 3 }],
      ['resets in the body', { fault: { type: 'Reset', afterBytes: 300_000 }, every: 3 }],
      ['lost answers', { fault: { type: 'LoseAnswer' }, every: 3 }],
      ['puts that arrive late', { fault: { type: 'Late', ms: 400 }, every: 4 }],
      ['a server that says nothing twice', { fault: { type: 'Silence' }, times: 2 }],
      ['a slow server', { fault: { type: 'Delay', ms: 100 } }],
    ] as const)(
      'loses nothing by %s',
      async (name, rule) => {
        proxy.inject({ ...rule, matches: isPut });
        const store = await createStore(storage({ endpoint: proxy.endpoint, upload }), {
          retry: { firstDelayMs: 20, maxDelayMs: 200 },
          timeouts: { callMs: 2_000, minBytesPerSecond: 8 * MiB },
        });
        try {
          const key = uniqueKey(`${name}.mp4`);
          const { onJournal } = keepJournal();
          const about = { key, contentType: 'video/mp4', durabilitySeconds: 0.3, onJournal };
          const recording = await store.createUpload(about);
          for (const unit of units) await recording.append(unit);
          await recording.finish();
          expect(Buffer.concat(units).equals(await readObject(store, key))).toBe(true);
        } finally {
          await store.close();
        }
      },
      60_000,
    );
  });

  it('takes a completion that answers 200 with an error for the failure it is', async () => {
    const isComplete = ({ method, path }: { method: string; path: string }) =>
      method === 'POST' && path.includes('uploadId=');
    const fault = { type: 'Status', status: 200, body: s3Error('InternalError') } as const;
    proxy.inject({ fault, matches: isComplete, times: 1 });
    const { spec } = storage({ endpoint: proxy.endpoint });
    const driver = await createDriver({ spec, credentials: { serviceAccount: account } });
    const key = uniqueKey('complete-200.mp4');
    const token = await driver.begin({ key, contentType: 'video/mp4' });
    const bytes = Buffer.from('content');
    const receipt = await driver.putPart(token, { number: 1, offset: 0, size: 7, bytes: [bytes] });
    const parts = [{ number: 1, offset: 0, size: 7, receipt }];
    await expect(driver.complete(token, parts)).rejects.toMatchObject({ code: 'StorageUnavailable' });
    expect((await driver.complete(token, parts)).size).toBe(7);
    await driver.close();
  });

  it('lists parts over several pages', async () => {
    const { spec } = storage();
    const driver = await createDriver({ spec, credentials: { serviceAccount: account } });
    const token = await driver.begin({ key: uniqueKey('pages.mp4'), contentType: 'video/mp4' });
    for (let number = 1; number <= 5; number++)
      await driver.putPart(token, { number, offset: number - 1, size: 1, bytes: [Buffer.from('x')] });
    expect((await driver.listParts?.(token))?.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
    await driver.abort(token);
    await driver.close();
  });

  describe.each([
    ['what roles/storage.objectCreator grants', 'creator', 'Multipart'],
    ['no right to list parts nor to drop uploads', 'writer', 'Multipart'],
    ['the right to create objects and nothing else', 'plain', 'Resumable'],
  ] as const)('with %s', (_, role, upload) => {
    it.each(['a service account', 'an HMAC key'] as const)(
      'takes a recording and its completion by another process: %s',
      async (kind) => {
        if (kind === 'an HMAC key' && upload === 'Resumable') return;
        const values =
          kind === 'a service account'
            ? { serviceAccount: server.identities.addAccount(role) }
            : { ...server.identities.addHmacKey(role) };
        const store = await createStore(storage({ upload }, values));
        const units = sampleUnits(7, MiB);
        const key = uniqueKey('created.mp4');
        const journal = keepJournal();
        const about = { key, contentType: 'video/mp4', durabilitySeconds: 1, onJournal: journal.onJournal };
        const recording = await store.createUpload(about);
        for (const unit of units) await recording.append(unit);
        await recording.flush();
        await recording.close();
        const left = JSON.stringify(journal.last());
        expectNoSecrets(left, values);
        expect(left).not.toContain('upload_id');
        const other = await createStore(storage({ upload }, values));
        const { size } = await other.completeFromJournal(journal.last());
        expect(size).toBeGreaterThanOrEqual(5 * MiB);
        const reader = await createStore(storage());
        expect(
          Buffer.concat(units)
            .subarray(0, size)
            .equals(await readObject(reader, key)),
        ).toBe(true);
        for (const one of [store, other, reader]) await one.close();
      },
    );

    it('never replaces what is there, and says so', async () => {
      const credentials = { serviceAccount: server.identities.addAccount(role) };
      const driver = await createDriver({ spec: storage({ upload }).spec, credentials });
      const key = uniqueKey('once.txt');
      const object = { key, contentType: 'text/plain' };
      await driver.put(object, Buffer.from('first'));
      await expect(driver.put(object, Buffer.from('second'))).rejects.toMatchObject({
        code: 'AlreadyExists',
      });
      const replacing = async () => {
        const token = await driver.begin(object);
        const bytes = [Buffer.from('second')];
        const receipt = await driver.putPart(token, { number: 1, offset: 0, size: 6, bytes });
        await driver.complete(token, [{ number: 1, offset: 0, size: 6, receipt }]);
      };
      await expect(replacing()).rejects.toMatchObject({ code: 'AlreadyExists' });
      await driver.close();
      const reader = await createDriver({ spec: storage().spec, credentials: { serviceAccount: account } });
      expect((await buffer(await reader.get(key))).toString()).toBe('first');
      await reader.close();
    });

    it('is ready at every check, and says what is not allowed', async () => {
      const values = { serviceAccount: server.identities.addAccount(role) };
      for (let time = 0; time < 2; time++) {
        const report = await check({ upload }, values);
        expect(report).toMatchObject({
          ready: true,
          capabilities: { read: false, list: false, delete: false },
        });
        expect(report.capabilities.rewriteFirstPart).toBe(upload === 'Multipart');
        const listing = report.steps.find(({ name }) => name === 'List');
        expect(listing?.message).toContain('storage.objects.list');
      }
    });
  });

  it('goes on with a session that keeps less of a request than it was sent', async () => {
    const stingy = await startGcs({ keepAtMost: 256 * 1024 });
    try {
      const values = { serviceAccount: stingy.identities.addAccount('user') };
      const gcs = { bucket: stingy.bucket, endpoint: stingy.endpoint, upload: 'Resumable' } as const;
      const store = await createStore(storage(gcs, values));
      const { onJournal } = keepJournal();
      const about = { key: 'stingy.mp4', contentType: 'video/mp4', durabilitySeconds: 1, onJournal };
      const recording = await store.createUpload(about);
      const units = sampleUnits(6, MiB);
      for (const unit of units) await recording.append(unit);
      await recording.finish();
      expect(Buffer.concat(units).equals(await readObject(store, 'stingy.mp4'))).toBe(true);
      await store.close();
    } finally {
      await stingy.close();
    }
  });

  it.each([
    ['ignores', false],
    ['refuses', true],
  ])('puts a part again into a session that %s bytes which it has', async (_, refusesOverlap) => {
    const strict = await startGcs({ refusesOverlap, keepAtMost: 512 * 1024 });
    try {
      const serviceAccount = strict.identities.addAccount('plain');
      const gcs = { bucket: strict.bucket, endpoint: strict.endpoint, upload: 'Resumable' } as const;
      const driver = await createDriver({ spec: storage(gcs).spec, credentials: { serviceAccount } });
      const token = await driver.begin({ key: 'again.mp4', contentType: 'video/mp4' });
      const bytes = sampleBytes(MiB, 1);
      const first = { number: 1, offset: 0, size: MiB, bytes: [bytes] };
      const receipt = await driver.putPart(token, first);
      expect(await driver.putPart(token, first)).toEqual(receipt);
      await expect(driver.putPart(token, { ...first, number: 3, offset: 2 * MiB })).rejects.toMatchObject({
        code: 'PartMismatch',
      });
      const parts = [{ number: 1, offset: 0, size: MiB, receipt }];
      expect((await driver.complete(token, parts)).size).toBe(MiB);
      await driver.close();
    } finally {
      await strict.close();
    }
  });

  it('finishes what a session has, though the answers to its last bytes were lost', async () => {
    const { spec } = storage({ upload: 'Resumable' });
    const driver = await createDriver({ spec, credentials: { serviceAccount: account } });
    const key = uniqueKey('more.mp4');
    const token = await driver.begin({ key, contentType: 'video/mp4' });
    const bytes = sampleBytes(2 * MiB, 2);
    const put = (number: number) =>
      driver.putPart(token, {
        number,
        offset: (number - 1) * MiB,
        size: MiB,
        bytes: [bytes.subarray((number - 1) * MiB, number * MiB)],
      });
    const receipt = await put(1);
    await put(2);
    const info = await driver.complete(token, [{ number: 1, offset: 0, size: MiB, receipt }]);
    expect(info.size).toBe(2 * MiB);
    expect(bytes.equals(await buffer(await driver.get(key)))).toBe(true);
    await driver.delete(key);
    await driver.close();
  });

  it('uploads to fake-gcs-server itself, which knows sessions only', async () => {
    const { spec } = storage({ upload: 'Resumable', endpoint: server.behind });
    const driver = await createDriver({ spec, credentials: { serviceAccount: account } });
    const key = uniqueKey('plain server.mp4');
    const token = await driver.begin({ key, contentType: 'video/mp4' });
    const bytes = sampleBytes(2 * MiB + 100, 3);
    const parts = [];
    for (const [number, offset, size] of [
      [1, 0, MiB],
      [2, MiB, MiB + 100],
    ] as const) {
      const part = { number, offset, size, bytes: [bytes.subarray(offset, offset + size)] };
      parts.push({ number, offset, size, receipt: await driver.putPart(token, part) });
    }
    expect((await driver.complete(token, parts)).size).toBe(bytes.length);
    expect(bytes.equals(await buffer(await driver.get(key)))).toBe(true);
    await driver.delete(key);
    await driver.close();
  });

  it("refuses a session that another account's key opened", async () => {
    const { spec } = storage({ upload: 'Resumable' });
    const one = await createDriver({ spec, credentials: { serviceAccount: account } });
    const token = await one.begin({ key: uniqueKey('sealed.mp4'), contentType: 'video/mp4' });
    const serviceAccount = server.identities.addAccount('user');
    const other = await createDriver({ spec, credentials: { serviceAccount } });
    await expect(other.complete(token, [])).rejects.toMatchObject({ code: 'InvalidCredentials' });
    await one.abort(token);
    for (const driver of [one, other]) await driver.close();
  });

  describe('checked', () => {
    it.each([
      ['by an account', () => ({ serviceAccount: account })],
      ['by an HMAC key', () => ({ ...server.identities.addHmacKey('user') })],
    ])('is ready, with all that it can do, and nothing left behind: %s', async (_, values) => {
      const report = await check({}, values());
      expect(report).toMatchObject({ ready: true, reason: 'Ready', endpoint: server.endpoint });
      expect(report.steps.filter((step) => !step.passed)).toEqual([]);
      expect(Object.values(report.capabilities)).toEqual([true, true, true, true, true, true]);
      const driver = await createDriver({ spec: storage().spec, credentials: { serviceAccount: account } });
      for await (const { key } of driver.list('meetings/.tapedeck-check')) {
        // Those that somebody with rights to create only had to leave.
        await driver.delete(key);
      }
      await driver.close();
    });

    const nobody = async () => {
      const elsewhere = await startGcs();
      try {
        const { token_uri } = JSON.parse(account) as { token_uri: string };
        const key = JSON.parse(elsewhere.identities.addAccount('user')) as object;
        return { serviceAccount: JSON.stringify({ ...key, client_email: 'nobody@nowhere', token_uri }) };
      } finally {
        await elsewhere.close();
      }
    };
    const withRole = (role: 'stranger' | 'plain') => async () => ({
      serviceAccount: server.identities.addAccount(role),
    });
    const withTokens = (token_uri: string) => async () => ({
      serviceAccount: JSON.stringify({ ...(JSON.parse(account) as object), token_uri }),
    });
    const itself = async () => ({ serviceAccount: account });
    const hmacWith = (change: Record<string, string>) => async () => ({
      ...server.identities.addHmacKey('user'),
      ...change,
    });

    it.each<[string, object, () => Promise<Record<string, string>>, string, string, RegExp]>([
      ['a missing bucket', { bucket: 'missing' }, itself, 'BucketNotFound', 'Bucket', /create the bucket/],
      [
        'an account that nobody knows',
        {},
        nobody,
        'StorageUnauthenticated',
        'Authenticate',
        /account not found/,
      ],
      [
        'an account without rights',
        {},
        withRole('stranger'),
        'StorageDenied',
        'Write',
        /allow storage\.objects\.create there/,
      ],
      [
        'an account that may not upload in parts',
        {},
        withRole('plain'),
        'StorageDenied',
        'Multipart',
        /storage\.multipartUploads\.create.*or set spec\.gcs\.upload: Resumable, which works here/,
      ],
      [
        'a file that is no key',
        {},
        async () => ({ serviceAccount: '{}' }),
        'InvalidCredentials',
        'Authenticate',
        /service account/,
      ],
      [
        'a wrong HMAC secret',
        {},
        hmacWith({ secretAccessKey: 'wrong-secret' }),
        'StorageUnauthenticated',
        'Authenticate',
        /does not match/,
      ],
      [
        'an unknown HMAC key',
        {},
        hmacWith({ accessKeyId: 'GOOG1ENOBODY' }),
        'StorageUnauthenticated',
        'Authenticate',
        /not valid/,
      ],
      [
        'a port where nobody listens',
        { endpoint: 'http://127.0.0.1:1' },
        itself,
        'StorageUnreachable',
        'Connect',
        /ECONNREFUSED/,
      ],
      [
        'an unknown host',
        { endpoint: 'http://nohost.invalid' },
        itself,
        'StorageUnreachable',
        'Resolve',
        /nohost\.invalid/,
      ],
      [
        'tokens from where nobody listens',
        {},
        withTokens('http://127.0.0.1:1/token'),
        'StorageUnreachable',
        'Write',
        /^Getting an access token.*ECONNREFUSED/,
      ],
    ])('names %s', async (_, gcs, values, reason, failed, message) => {
      const given = await values();
      const report = await check(gcs, given);
      expect(report).toMatchObject({ ready: false, reason });
      expect(report.steps.at(-1)).toMatchObject({ name: failed, passed: false, required: true });
      expect(report.message).toMatch(message);
      expectNoSecrets(JSON.stringify(report), given);
    });

    it.each([
      ['an account', async () => ({ serviceAccount: server.identities.addAccount('user') })],
      ['an HMAC key', hmacWith({})],
    ])('names a clock that is 20 minutes off: %s', async (_, values) => {
      server.identities.skewMs = 20 * 60_000;
      try {
        const report = await check({}, await values());
        expect(report).toMatchObject({ ready: false, reason: 'ClockSkewed' });
        expect(report.message).toContain("set this machine's clock");
      } finally {
        server.identities.skewMs = 0;
      }
    });

    it('names TLS where there is none', async () => {
      const report = await check({ endpoint: server.endpoint.replace('http:', 'https:') });
      expect(report).toMatchObject({ ready: false, reason: 'StorageTlsFailed' });
      expect(report.message).toContain('http://');
    });

    it('names a web server that is no Cloud Storage', async () => {
      const web = createServer((_, answer) => answer.writeHead(404).end('<html>nothing here</html>'));
      await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
      try {
        const { port } = web.address() as AddressInfo;
        const report = await check({ endpoint: `http://127.0.0.1:${port}` });
        expect(report).toMatchObject({ ready: false, reason: 'StorageUnreachable' });
        expect(report.message).toContain('does not speak Cloud Storage');
      } finally {
        web.close();
      }
    });

    it('says where sessions would do what multipart uploads do not', async () => {
      const plain = await startGcs({ withoutMultipart: true });
      try {
        const values = { serviceAccount: plain.identities.addAccount('user') };
        const gcs = { bucket: plain.bucket, endpoint: plain.endpoint };
        const report = await check(gcs, values);
        expect(report).toMatchObject({ ready: false, reason: 'NotSupported' });
        expect(report.message).toContain('spec.gcs.upload: Resumable, which works here');
        expect(await check({ ...gcs, upload: 'Resumable' }, values)).toMatchObject({ ready: true });
      } finally {
        await plain.close();
      }
    });
  });
});
