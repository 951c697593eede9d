import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type RunStorage, uploadJournal } from '@tapedeck/core';
import { createStore } from '@tapedeck/storage';
import { keepJournal, readObject, sampleUnits } from '@tapedeck/storage/conformance';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../servers/azurite.ts';
import { isListParts, isPutPart, s3Error, startFaultProxy } from '../servers/fault-proxy.ts';
import { findVersityGw, startVersityGw, type VersityGw } from '../servers/versitygw.ts';

const program = fileURLToPath(new URL('programs/upload-for-ever.ts', import.meta.url));
const server = await findVersityGw();
const KILLS = 8;
const UNIT_BYTES = 512 * 1024;
const durabilitySeconds = 0.5;
/** Besides the durability: one put and a busy machine. */
const GRACE_MS = 2_000;

describe.skipIf(server === undefined)('an upload that is cut', () => {
  let gateway: VersityGw;
  let scratch = '';
  let s3: RunStorage;
  let local: RunStorage;
  let azurite: Azurite;
  let azure: RunStorage;

  beforeAll(async () => {
    gateway = await startVersityGw();
    scratch = await mkdtemp(path.join(tmpdir(), 'tapedeck-killed-'));
    const { endpoint, accessKeyId, secretAccessKey, bucket } = gateway;
    s3 = {
      name: 's3',
      spec: { provider: 'S3', s3: { bucket, endpoint } },
      credentials: { type: 'Inline', values: { accessKeyId, secretAccessKey } },
    };
    local = {
      name: 'local',
      spec: { provider: 'Local', local: { directory: path.join(scratch, 'recordings') } },
      credentials: { type: 'None' },
    };
    azurite = await startAzurite();
    const { container, connectionString } = azurite;
    azure = {
      name: 'azure',
      spec: { provider: 'AzureBlob', azureBlob: { container } },
      credentials: { type: 'Inline', values: { connectionString } },
    };
  });
  afterAll(async () => {
    await gateway?.stop();
    await azurite?.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  /** Lets the program upload for a while, kills it with -9, and tells what it had appended when. */
  const uploadAndKill = async (storage: RunStorage, key: string, journal: string, ms: number) => {
    const spec = JSON.stringify({ storage, key, journal, durabilitySeconds });
    const child = spawn(process.execPath, [program, spec], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')));
    await once(child.stdout, 'data');
    await sleep(ms);
    const killedAt = Date.now();
    child.kill('SIGKILL');
    await once(child, 'close');
    return { killedAt, times: lines.map((line) => Number(line.split(' ')[1])) };
  };

  it.each(['s3', 'local', 'azure'] as const)(
    `by kill -9, ${KILLS} times, into %s, is completed by another process and lacks no more than the durability`,
    async (name) => {
      const storage = { s3, local, azure }[name];
      const store = await createStore(storage);
      const units = sampleUnits(200, UNIT_BYTES);
      try {
        for (let kill = 0; kill < KILLS; kill++) {
          const key = `killed-${kill}.mp4`;
          const file = path.join(scratch, `${name}-${kill}.json`);
          const { killedAt, times } = await uploadAndKill(storage, key, file, 700 + Math.random() * 1500);
          const journal = uploadJournal.parse(JSON.parse(await readFile(file, 'utf8')));
          const { size } = await store.completeFromJournal(journal);
          const whole = size / UNIT_BYTES;
          expect(Number.isInteger(whole), `${size} bytes end inside a unit`).toBe(true);
          const expected = Buffer.concat(units.slice(0, whole));
          expect(expected.equals(await readObject(store, key))).toBe(true);
          const firstMissing = times[whole];
          if (firstMissing !== undefined)
            expect(killedAt - firstMissing).toBeLessThan(durabilitySeconds * 1000 + GRACE_MS);
          await store.delete(key);
        }
      } finally {
        await store.close();
      }
    },
    120_000,
  );

  it.each([1, 2])(
    'by kill -9 when a put of part %i has arrived and nobody knows, is completed up to that without the right to list',
    async (number) => {
      const proxy = await startFaultProxy(gateway.endpoint);
      proxy.inject({
        fault: { type: 'Status', status: 403, body: s3Error('AccessDenied') },
        matches: isListParts,
      });
      const storage = structuredClone(s3);
      if (storage.spec.s3) storage.spec.s3.endpoint = proxy.endpoint;
      const store = await createStore(storage);
      const units = sampleUnits(200, UNIT_BYTES);
      const file = path.join(scratch, `unknown-${number}.json`);
      const key = `unknown-${number}.mp4`;
      const readJournal = async () => uploadJournal.parse(JSON.parse(await readFile(file, 'utf8')));
      const spec = JSON.stringify({ storage, key, journal: file, durabilitySeconds: 0.2 });
      proxy.inject({ fault: { type: 'Unanswered' }, matches: isPutPart(number), every: 2, times: 1 });
      const child = spawn(process.execPath, [program, spec], { stdio: ['ignore', 'ignore', 'inherit'] });
      try {
        while (proxy.swallowed === 0 && child.exitCode === null) await sleep(5);
        child.kill('SIGKILL');
        await once(child, 'close');
        const journal = await readJournal();
        const settled = journal.parts.reduce((sum, part) => sum + part.size, 0);
        const { size } = await store.completeFromJournal(journal);
        expect(size).toBeGreaterThan(settled);
        expect(size % UNIT_BYTES).toBe(0);
        const expected = Buffer.concat(units.slice(0, size / UNIT_BYTES));
        expect(expected.equals(await readObject(store, key))).toBe(true);
      } finally {
        child.kill('SIGKILL');
        await store.close();
        await proxy.close();
      }
    },
    60_000,
  );

  it("by the S3 server's own kill -9 goes on when the server is back", async () => {
    const store = await createStore(s3);
    const { onJournal } = keepJournal();
    const spool = { directory: path.join(scratch, 'spool'), maxBytes: 100 * 1024 * 1024 };
    const key = 'server-killed.mp4';
    const upload = await store.createUpload({
      key,
      contentType: 'video/mp4',
      durabilitySeconds,
      onJournal,
      spool,
    });
    const units = sampleUnits(60, UNIT_BYTES);
    for (const [index, unit] of units.entries()) {
      if (index === 15) await gateway.kill();
      if (index === 45) await gateway.start();
      await upload.append(unit);
      await sleep(30);
    }
    const started = Date.now();
    await upload.finish();
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(Buffer.concat(units).equals(await readObject(store, key))).toBe(true);
    await store.close();
  }, 60_000);
});
