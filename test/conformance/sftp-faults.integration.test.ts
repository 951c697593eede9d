import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type RunStorage, uploadJournal } from '@tapedeck/core';
import { createDriver, createStore, type Driver } from '@tapedeck/storage';
import { keepJournal, readObject, sampleBytes, sampleUnits } from '@tapedeck/storage/conformance';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findSshd, type Sshd, startSshd } from '../servers/sshd.ts';
import { startTcpProxy, type TcpFault, type TcpProxy } from '../servers/tcp-proxy.ts';

const program = fileURLToPath(new URL('programs/upload-for-ever.ts', import.meta.url));
const sshd = await findSshd();
const contentType = 'video/mp4';
const MiB = 1024 * 1024;
const UNIT_BYTES = 512 * 1024;
const KILLS = 5;
const durabilitySeconds = 0.5;
/** Besides the durability: one put and a busy machine. */
const GRACE_MS = 4_000;

describe.skipIf(sshd === undefined)('an SFTP server behind a broken network', () => {
  let server: Sshd;
  let proxy: TcpProxy;
  let scratch = '';

  beforeAll(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'tapedeck-sftp-faults-'));
    server = await startSshd();
    proxy = await startTcpProxy(server);
  });
  afterEach(() => proxy.clear());
  afterAll(async () => {
    await proxy?.close();
    await server?.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  const storage = (port = proxy.port): RunStorage => ({
    name: 'server',
    spec: {
      provider: 'SFTP',
      sftp: { host: server.host, port, directory: server.directory, hostKeys: [...server.hostKeys] },
    },
    credentials: {
      type: 'Inline',
      values: { username: server.username, privateKey: server.privateKey },
    },
  });
  const openDriver = (): Promise<Driver> => {
    const { spec, credentials } = storage();
    return createDriver({ spec, credentials: credentials.type === 'Inline' ? credentials.values : {} });
  };

  const faults: [string, TcpFault, number][] = [
    ['resets in the middle of puts', { type: 'Reset', afterBytes: 3 * MiB }, 4],
    ['resets while it logs in', { type: 'Reset', afterBytes: 1500 }, 2],
    ['a cable that is pulled in the middle of puts', { type: 'HalfOpen', afterBytes: 3 * MiB }, 2],
    ['a server that accepts and says nothing', { type: 'HalfOpen', afterBytes: 0 }, 1],
    ['a line that stalls', { type: 'Stall', afterBytes: 2 * MiB, ms: 700 }, 3],
  ];
  it.each(faults)(
    'loses nothing by %s',
    async (name, fault, times) => {
      const before = proxy.faults;
      proxy.inject(fault, times);
      const store = await createStore(storage(), {
        retry: { firstDelayMs: 20, maxDelayMs: 200, maxTotalMs: 20_000 },
        timeouts: { callMs: 2_500, minBytesPerSecond: 8 * MiB },
      });
      try {
        const { onJournal } = keepJournal();
        const key = `${name}.mp4`;
        const upload = await store.createUpload({ key, contentType, durabilitySeconds: 0.3, onJournal });
        const units = sampleUnits(12, 2 * MiB);
        for (const unit of units) await upload.append(unit);
        await upload.finish({ head: Buffer.alloc(10, 'h') });
        const expected = Buffer.concat(units);
        expected.fill('h', 0, 10);
        expect(expected.equals(await readObject(store, key))).toBe(true);
        expect(proxy.faults).toBeGreaterThan(before);
        expect((await readdir(server.files)).filter((file) => file.startsWith('.'))).toEqual([]);
      } finally {
        await store.close();
      }
    },
    120_000,
  );

  it('is left when it does not answer any more, and the next call has a connection of its own', async () => {
    const driver = await openDriver();
    const signal = () => AbortSignal.timeout(2_000);
    const key = 'silent.mp4';
    await driver.put({ key, contentType }, Buffer.from('a'), { signal: signal() });
    const before = proxy.connections;
    proxy.inject({ type: 'HalfOpen', afterBytes: 0 });
    await expect(driver.head(key, { signal: signal() })).rejects.toMatchObject({ code: 'Aborted' });
    expect((await driver.head(key, { signal: signal() })).size).toBe(1);
    expect(proxy.connections).toBe(before + 1);
    await driver.close();
  }, 30_000);

  it('may end a connection that nobody uses at the time', async () => {
    const driver = await openDriver();
    await driver.put({ key: 'idle.mp4', contentType }, Buffer.from('a'));
    await proxy.goAway();
    await sleep(100);
    await expect(driver.head('idle.mp4')).rejects.toMatchObject({ code: 'StorageUnreachable' });
    await proxy.comeBack();
    expect((await driver.head('idle.mp4')).size).toBe(1);
    await driver.close();
    await driver.close();
  }, 30_000);

  it('shares one connection among calls', async () => {
    const driver = await openDriver();
    const before = proxy.connections;
    await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        driver.put({ key: `shared-${index}.mp4`, contentType }, sampleBytes(10_000, index)),
      ),
    );
    expect(proxy.connections).toBe(before + 1);
    await driver.close();
  }, 30_000);

  it.each([0.1, 0.5, 0.95])(
    'keeps the old head when the new one is cut off after %d of its bytes',
    async (share) => {
      const size = 4 * MiB;
      const put = (driver: Driver, token: unknown, seed: number) =>
        driver.putPart(token, { number: 1, offset: 0, size, bytes: [sampleBytes(size, seed)] });
      const driver = await openDriver();
      const key = `head-${share}.mp4`;
      const token = await driver.begin({ key, contentType });
      const old = await put(driver, token, 1);
      const receipt = await driver.putPart(token, {
        number: 2,
        offset: size,
        size: 1000,
        bytes: [sampleBytes(1000, 3)],
      });
      await driver.close();

      const cut = await openDriver();
      proxy.inject({ type: 'Reset', afterBytes: Math.floor(size * share) });
      await expect(put(cut, token, 2)).rejects.toMatchObject({ code: 'StorageUnreachable' });
      await cut.close();

      const finisher = await openDriver();
      const tail = { number: 2, offset: size, size: 1000, receipt };
      const bytes = [sampleBytes(size, 2)];
      const fresh = finisher.predictReceipt?.({ number: 1, offset: 0, size, bytes });
      const head = { number: 1, offset: 0, size };
      const asNew = finisher.complete(token, [{ ...head, receipt: fresh }, tail]);
      await expect(asNew).rejects.toMatchObject({ code: 'PartMismatch' });
      await finisher.complete(token, [{ ...head, receipt: old }, tail]);
      const expected = Buffer.concat([sampleBytes(size, 1), sampleBytes(1000, 3)]);
      expect(expected.equals(await readFile(path.join(server.files, key)))).toBe(true);
      expect((await readdir(server.files)).filter((file) => file.startsWith('.'))).toEqual([]);
      await finisher.close();
    },
    60_000,
  );

  it('does not take a part for there that has only room in the file', async () => {
    const driver = await openDriver();
    const key = 'hole.mp4';
    const token = await driver.begin({ key, contentType });
    const part = (number: number, seed: number) => ({
      number,
      offset: (number - 1) * 1000,
      size: 1000,
      bytes: [sampleBytes(1000, seed)],
    });
    const put = async (number: number) => {
      const receipt = await driver.putPart(token, part(number, number));
      return { number, offset: (number - 1) * 1000, size: 1000, receipt };
    };
    const [one, three] = [await put(1), await put(3)];
    const receipt = driver.predictReceipt?.(part(2, 2));
    const two = { number: 2, offset: 1000, size: 1000, receipt };
    await expect(driver.complete(token, [one, two, three])).rejects.toMatchObject({ code: 'PartMismatch' });
    await put(2);
    await driver.complete(token, [one, two, three]);
    await driver.close();
  });

  it(`is sent no less than the durability says by a recorder that is killed, ${KILLS} times`, async () => {
    const store = await createStore(storage());
    const units = sampleUnits(200, UNIT_BYTES);
    for (let count = 0; count < KILLS; count++) {
      const key = `killed-${count}.mp4`;
      const journal = path.join(scratch, `${count}.json`);
      const spec = JSON.stringify({ storage: storage(), key, journal, durabilitySeconds });
      const child = spawn(process.execPath, [program, spec], { stdio: ['ignore', 'pipe', 'inherit'] });
      const lines: string[] = [];
      child.stdout.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')));
      await once(child.stdout, 'data');
      await sleep(700 + Math.random() * 1500);
      const killedAt = Date.now();
      child.kill('SIGKILL');
      await once(child, 'close');
      const left = uploadJournal.parse(JSON.parse(await readFile(journal, 'utf8')));
      const { size } = await store.completeFromJournal(left);
      const whole = size / UNIT_BYTES;
      expect(Number.isInteger(whole), `${size} bytes end inside a unit`).toBe(true);
      expect(Buffer.concat(units.slice(0, whole)).equals(await readObject(store, key))).toBe(true);
      const firstMissing = lines[whole]?.split(' ')[1];
      if (firstMissing !== undefined)
        expect(killedAt - Number(firstMissing)).toBeLessThan(durabilitySeconds * 1000 + GRACE_MS);
      await store.delete(key);
    }
    await store.close();
  }, 120_000);

  it('goes on with an upload when it was killed itself and is back', async () => {
    const store = await createStore(storage(server.port));
    const { onJournal } = keepJournal();
    const spool = { directory: path.join(scratch, 'spool'), maxBytes: 100 * MiB };
    const key = 'server-killed.mp4';
    const upload = await store.createUpload({ key, contentType, durabilitySeconds, onJournal, spool });
    const units = sampleUnits(60, UNIT_BYTES);
    for (const [index, unit] of units.entries()) {
      if (index === 15) await server.kill();
      if (index === 45) await server.start();
      await upload.append(unit);
      await sleep(30);
    }
    await upload.finish();
    expect(Buffer.concat(units).equals(await readObject(store, key))).toBe(true);
    await store.close();
  }, 60_000);
});
