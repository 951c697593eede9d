import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RunStorage } from '@tapedeck/core';
import { azureCapabilities, checkStorage, createDriver, createStore, type Driver } from '@tapedeck/storage';
import {
  describeDriver,
  keepJournal,
  readObject,
  sampleUnits,
  uniqueKey,
} from '@tapedeck/storage/conformance';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { azureAnswer, isCommit, isListBlocks, isPutBlock, stagedPart } from '../servers/azure-faults.ts';
import { makeSas } from '../servers/azure-sas.ts';
import { type Azurite, startAzurite } from '../servers/azurite.ts';
import { type FaultProxy, startFaultProxy } from '../servers/fault-proxy.ts';
import { describeNetworkFaults } from './network-faults.ts';

type AzureBlock = NonNullable<RunStorage['spec']['azureBlob']>;
const MiB = 1024 * 1024;
const contentType = 'video/mp4';

describe('an Azure container', () => {
  let server: Azurite;
  let proxy: FaultProxy;
  let directory = '';
  const secrets: string[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-azure-'));
    server = await startAzurite();
    proxy = await startFaultProxy(new URL(server.endpoint).origin);
    secrets.push(server.accountKey);
  });
  afterEach(() => proxy.clear());
  afterAll(async () => {
    await proxy?.close();
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const storage = (azureBlob: Partial<AzureBlock> = {}, values?: Record<string, string>): RunStorage => {
    const { account, container, endpoint, accountKey } = server;
    return {
      name: 'container',
      spec: {
        provider: 'AzureBlob',
        prefix: 'meetings',
        azureBlob: { account, container, endpoint, ...azureBlob },
      },
      credentials: { type: 'Inline', values: values ?? { accountKey } },
    };
  };
  const open = (azureBlob?: Partial<AzureBlock>, values?: Record<string, string>): Promise<Driver> => {
    const { spec, credentials } = storage(azureBlob, values);
    return createDriver({ spec, credentials: credentials.type === 'Inline' ? credentials.values : {} });
  };
  const sasOf = (permissions: string, expires?: Date) =>
    makeSas({ ...server, permissions, ...(expires && { expires }) });
  const put = async (driver: Driver, token: unknown, number: number, text: string, offset = 0) => {
    const bytes = [Buffer.from(text)];
    const part = { number, offset, size: text.length, bytes };
    return { number, offset, size: text.length, receipt: await driver.putPart(token, part) };
  };

  describeDriver('Azure Blob', azureCapabilities, { open: () => open(), secrets }, { describe, it });

  describe('through a broken network', () => {
    describeNetworkFaults(azureCapabilities, {
      endpoint: () => new URL(server.endpoint).origin,
      storage: (endpoint) => storage({ endpoint }),
      secrets,
      isPut: isPutBlock(),
      throttled: azureAnswer(503, 'ServerBusy'),
      failed: azureAnswer(500, 'InternalError'),
      expired: azureAnswer(403, 'AuthenticationFailed'),
      // Azurite does not look at the time.
      signsTime: false,
    });

    it('does not wait for ever for a server that accepts and never speaks TLS', async () => {
      let sockets = 0;
      const silent = createServer((socket) => {
        sockets++;
        socket.on('close', () => sockets--);
        socket.on('error', () => socket.destroy()).resume();
      });
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const { port } = silent.address() as AddressInfo;
      const driver = await open({ endpoint: `https://127.0.0.1:${port}` });
      await expect(driver.head('any')).rejects.toMatchObject({
        code: 'StorageTimeout',
        message: expect.stringContaining('no connection within 5 s'),
      });
      await vi.waitFor(() => expect(sockets).toBe(0));
      await driver.close();
      silent.close();
    }, 20_000);

    it.each([1, -1])('a clock that is 20 minutes off is named (%i)', async (direction) => {
      const date = new Date(Date.now() + direction * 20 * 60_000).toUTCString();
      proxy.inject({ fault: { type: 'Status', ...azureAnswer(403, 'AuthenticationFailed', { date }) } });
      const report = await checkStorage({ id: 'check', storage: storage({ endpoint: proxy.endpoint }) });
      expect(report).toMatchObject({ ready: false, reason: 'ClockSkewed' });
    });

    it('sends only the tail at the end, and then the head, and leaves no block behind', async () => {
      const store = await createStore(storage({ endpoint: proxy.endpoint }), { partSize: MiB });
      const { onJournal } = keepJournal();
      const key = uniqueKey('end.mp4');
      const upload = await store.createUpload({ key, contentType, durabilitySeconds: 0.2, onJournal });
      for (const unit of sampleUnits(9, MiB / 2)) await upload.append(unit);
      await upload.flush();
      const before = proxy.requests.length;
      await upload.finish({ head: Buffer.alloc(10), tail: Buffer.alloc(10) });
      const after = proxy.requests
        .slice(before)
        .map((request) => (isCommit(request) ? 'commit' : stagedPart(request)));
      expect(after).toEqual([5, 1, 'commit']);
      expect(await server.inside.openBlocks(`meetings/${key}`)).toBe(0);
      expect((await server.inside.headers(`meetings/${key}`)).get('content-type')).toBe(contentType);
      await store.close();
    });

    it('is refused bytes that changed on the way, and takes them once they are right', async () => {
      const driver = await open({ endpoint: proxy.endpoint });
      const token = await driver.begin({ key: uniqueKey('changed.mp4'), contentType });
      const bytes = [Buffer.from('what was recorded')];
      const part = { number: 1, offset: 0, size: 17, bytes };
      driver.predictReceipt?.(part);
      bytes[0]?.write('WHAT');
      await expect(driver.putPart(token, part)).rejects.toMatchObject({ code: 'StorageUnavailable' });
      bytes[0]?.write('what');
      await driver.complete(token, [{ ...part, receipt: await driver.putPart(token, part) }]);
      await driver.close();
    });
  });

  describe('with the rights that its owner grants', () => {
    const writer = () => open({}, { sasToken: makeSas({ ...server, permissions: 'w' }) });

    it('is completed by another process that may only write, whatever the last put did', async () => {
      const run = storage({ endpoint: proxy.endpoint }, { sasToken: sasOf('w') });
      const store = await createStore(run, { partSize: MiB });
      const journal = keepJournal();
      const key = uniqueKey('killed.mp4');
      const { onJournal } = journal;
      const upload = await store.createUpload({ key, contentType, durabilitySeconds: 0.2, onJournal });
      const units = sampleUnits(6, MiB / 2);
      for (const unit of units.slice(0, 5)) await upload.append(unit);
      await upload.flush();
      proxy.inject({ fault: { type: 'Unanswered' }, matches: isPutBlock(3) });
      await upload.append(units[5] ?? Buffer.alloc(0));
      while (proxy.swallowed === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      const left = journal.last();
      await upload.close();
      proxy.clear();
      expect((await store.completeFromJournal(left)).size).toBe(6 * (MiB / 2));
      expect((await store.completeFromJournal(left)).size).toBe(6 * (MiB / 2));
      await store.close();
      const owner = await createStore(storage());
      expect(Buffer.concat(units).equals(await readObject(owner, key))).toBe(true);
      await owner.close();
    });

    it('is checked with write rights alone, time and again', async () => {
      for (const permissions of ['w', 'wc', 'rw', 'rwdl']) {
        const run = storage({}, { sasToken: sasOf(permissions) });
        const report = await checkStorage({ id: 'check', storage: run });
        const has = (letter: string) => permissions.includes(letter);
        expect(report).toMatchObject({
          ready: true,
          capabilities: {
            multipart: true,
            rewriteFirstPart: true,
            read: has('r'),
            delete: has('d'),
            signUrls: false,
          },
        });
        expect(JSON.stringify(report)).not.toContain('sig=');
      }
    });

    it.each(['c', 'r', 'd', 'l'])(
      'is not ready with the right %s alone, and says which it lacks',
      async (letter) => {
        const report = await checkStorage({ id: 'check', storage: storage({}, { sasToken: sasOf(letter) }) });
        expect(report).toMatchObject({ ready: false, reason: 'StorageDenied' });
        expect(report.message).toContain('SAS permission w');
      },
    );

    it('keeps the blocks of an aborted upload until they expire, unseen, where we may not delete', async () => {
      const [mayWrite, mayDelete] = [await writer(), await open({}, { sasToken: sasOf('wd') })];
      for (const [driver, left] of [
        [mayWrite, 2],
        [mayDelete, 0],
      ] as const) {
        const key = uniqueKey('aborted.mp4');
        const token = await driver.begin({ key, contentType });
        await put(driver, token, 1, 'dropped');
        await driver.abort(token);
        expect(await server.inside.openBlocks(key)).toBe(left);
        expect(await server.inside.keys()).not.toContain(key);
        await driver.close();
      }
    });

    it('keeps what is said of an object beside it, under names that the service takes', async () => {
      const driver = await open();
      const key = uniqueKey('metadata.mp4');
      const token = await driver.begin({ key, contentType, metadata: { 'tapedeck-run': '7', '2nd': 'x' } });
      await driver.complete(token, [await put(driver, token, 1, 'bytes')]);
      const headers = await server.inside.headers(key);
      expect([headers.get('x-ms-meta-tapedeck_run'), headers.get('x-ms-meta-_2nd')]).toEqual(['7', 'x']);
      await driver.close();
    });

    it('never drops a completed object with an abort that comes late', async () => {
      const driver = await open();
      const key = uniqueKey('late-abort.mp4');
      const token = await driver.begin({ key, contentType });
      await driver.complete(token, [await put(driver, token, 1, 'complete')]);
      await driver.abort(token);
      expect((await driver.head(key)).size).toBe(8);
      await driver.close();
    });

    it('refuses a name that is taken at the start, and at the end one that somebody took meanwhile', async () => {
      const [owner, blind] = [await open(), await writer()];
      const key = uniqueKey('taken.mp4');
      const [seen, unseen] = [
        await owner.begin({ key, contentType }),
        await blind.begin({ key, contentType }),
      ];
      await owner.put({ key, contentType }, Buffer.from('theirs'));
      await expect(blind.begin({ key, contentType })).rejects.toMatchObject({ code: 'AlreadyExists' });
      const one = await put(owner, seen, 1, 'ours');
      await expect(owner.complete(seen, [one])).rejects.toMatchObject({ code: 'AlreadyExists' });
      // Who may not look cannot tell it from an upload that was completed before.
      const other = await put(blind, unseen, 1, 'ours');
      await expect(blind.complete(unseen, [other])).rejects.toMatchObject({ code: 'UploadGone' });
      expect((await owner.head(key)).size).toBe(6);
      await Promise.all([owner.close(), blind.close()]);
    });

    it('knows a dropped upload from a part that never arrived, where it may look', async () => {
      const [owner, blind] = [await open(), await writer()];
      const key = uniqueKey('dropped.mp4');
      const token = await owner.begin({ key, contentType });
      const never = { number: 1, offset: 0, size: 1, receipt: { revision: 1, md5: '0'.repeat(32) } };
      await expect(owner.complete(token, [never])).rejects.toMatchObject({ code: 'PartMismatch' });
      await owner.abort(token);
      await expect(owner.complete(token, [never])).rejects.toMatchObject({ code: 'UploadGone' });
      await expect(blind.complete(token, [never])).rejects.toMatchObject({ code: 'PartMismatch' });
      await Promise.all([owner.close(), blind.close()]);
    });

    it('lists the newest content of each part, in whichever order the puts arrived', async () => {
      const driver = await open();
      const token = await driver.begin({ key: uniqueKey('newest.mp4'), contentType });
      const puts = ['ccc', 'b', 'aa'].map((text, index) => ({ text, revision: 3 - index }));
      for (const { text, revision } of puts) {
        const bytes = [Buffer.from(text)];
        await driver.putPart(token, { number: 1, offset: 0, size: text.length, bytes, revision });
      }
      expect(await driver.listParts?.(token)).toMatchObject([
        { number: 1, size: 3, receipt: { revision: 3 } },
      ]);
      await driver.abort(token);
      await driver.close();
    });

    it('goes by its receipts where the blocks may not be listed for a while', async () => {
      const driver = await open({ endpoint: proxy.endpoint });
      const token = await driver.begin({ key: uniqueKey('busy.mp4'), contentType });
      proxy.inject({ fault: { type: 'Status', ...azureAnswer(503, 'ServerBusy') }, matches: isListBlocks });
      await expect(driver.listParts?.(token)).rejects.toMatchObject({ code: 'StorageThrottled' });
      await driver.complete(token, [await put(driver, token, 1, 'whole')]);
      await driver.close();
    });
  });

  describe('checked', () => {
    const check = (azureBlob: Partial<AzureBlock> = {}, values?: Record<string, string>) =>
      checkStorage({ id: 'check', storage: storage(azureBlob, values) });

    it('is ready by each kind of key, with all that it can do, and nothing left behind', async () => {
      const { accountKey, connectionString, container } = server;
      const kinds = [
        { accountKey },
        { connectionString },
        { sasToken: sasOf('rwdl') },
        { sasToken: `?${makeSas({ ...server, permissions: 'rwdl', container })}` },
        { connectionString: `BlobEndpoint=${server.endpoint};SharedAccessSignature=${sasOf('rwdl')}` },
      ];
      for (const values of kinds) {
        const report = await check({}, values);
        expect(report).toMatchObject({ ready: true, reason: 'Ready', endpoint: server.endpoint });
        const { signUrls, ...others } = report.capabilities;
        expect(signUrls).toBe(!JSON.stringify(values).includes('sig='));
        expect(Object.values(others)).toEqual([true, true, true, true, true]);
      }
      const left = (await server.inside.keys()).filter((key) => key === 'meetings/.tapedeck-check');
      expect(left).toEqual([]);
    });

    it('frees its connections when it is closed, twice', async () => {
      const counted = createServer();
      let sockets = 0;
      counted.on('connection', (socket) => {
        sockets++;
        socket.on('close', () => sockets--);
        const onward = connect(server.port, '127.0.0.1');
        socket.pipe(onward).pipe(socket);
        for (const end of [socket, onward]) end.on('error', () => end.destroy());
      });
      await new Promise<void>((resolve) => counted.listen(0, '127.0.0.1', resolve));
      const { port } = counted.address() as AddressInfo;
      const driver = await open({ endpoint: `http://127.0.0.1:${port}` });
      await driver.put({ key: uniqueKey('connection'), contentType }, Buffer.from('x'));
      expect(sockets).toBe(1);
      await driver.close();
      await vi.waitFor(() => expect(sockets).toBe(0));
      await driver.close();
      counted.close();
    });

    it('takes keys from a mounted Secret', async () => {
      const secret = path.join(directory, 'secret');
      await mkdir(secret);
      await writeFile(path.join(secret, 'connectionString'), `${server.connectionString}\n`);
      const run = { ...storage(), credentials: { type: 'Directory', path: secret } } as const;
      expect(await checkStorage({ id: 'check', storage: run })).toMatchObject({ ready: true });
    });

    it.each<[string, () => Partial<AzureBlock>, () => Record<string, string>, string, string]>([
      [
        'a missing container',
        () => ({ container: 'missing' }),
        () => ({ accountKey: server.accountKey }),
        'BucketNotFound',
        'Bucket',
      ],
      [
        'a missing account',
        () => ({ account: 'nobody', endpoint: new URL(server.endpoint).origin }),
        () => ({ accountKey: server.accountKey }),
        'BucketNotFound',
        'Bucket',
      ],
      [
        'a wrong key',
        () => ({}),
        () => ({ accountKey: Buffer.alloc(64, 'wrong').toString('base64') }),
        'StorageUnauthenticated',
        'Authenticate',
      ],
      [
        'a SAS that has ended',
        () => ({}),
        () => ({ sasToken: sasOf('rw', new Date(Date.now() - 60_000)) }),
        'StorageUnauthenticated',
        'Authenticate',
      ],
      [
        'a SAS with a wrong signature',
        () => ({}),
        () => ({ sasToken: sasOf('rw').replace(/sig=..../, 'sig=AAAA') }),
        'StorageUnauthenticated',
        'Authenticate',
      ],
      [
        'a SAS for another container',
        () => ({}),
        () => ({ sasToken: makeSas({ ...server, permissions: 'rw', container: 'other' }) }),
        'StorageUnauthenticated',
        'Authenticate',
      ],
      [
        'a port where nobody listens',
        () => ({ endpoint: 'http://127.0.0.1:1' }),
        () => ({ accountKey: server.accountKey }),
        'StorageUnreachable',
        'Connect',
      ],
      [
        'an unknown host',
        () => ({ endpoint: 'http://nohost.invalid' }),
        () => ({ accountKey: server.accountKey }),
        'StorageUnreachable',
        'Resolve',
      ],
      [
        'an endpoint without TLS',
        () => ({ endpoint: server.endpoint.replace('http:', 'https:') }),
        () => ({ accountKey: server.accountKey }),
        'StorageTlsFailed',
        'TLS',
      ],
      [
        'a connection string without a key',
        () => ({}),
        () => ({ connectionString: `AccountName=${server.account}` }),
        'InvalidCredentials',
        'Authenticate',
      ],
    ])('names %s', async (_, azureBlob, values, reason, failed) => {
      const report = await check(azureBlob(), values());
      expect(report).toMatchObject({ ready: false, reason });
      expect(report.steps.at(-1)).toMatchObject({ name: failed, passed: false, required: true });
      const said = JSON.stringify(report);
      for (const secret of [...secrets, ...Object.values(values()), 'sig='])
        expect(said).not.toContain(secret);
    });
  });
});
