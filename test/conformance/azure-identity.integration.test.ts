import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RunStorage } from '@tapedeck/core';
import { azureCapabilities, checkStorage, createDriver } from '@tapedeck/storage';
import { describeDriver } from '@tapedeck/storage/conformance';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Azurite, startAzurite } from '../servers/azurite.ts';
import { type FakeEntra, startFakeEntra } from '../servers/fake-entra.ts';
import { makeSelfSigned } from '../servers/self-signed.ts';
import { trust } from '../servers/trust.ts';

const pair = makeSelfSigned({ names: ['127.0.0.1'] });
const tenantId = 'a1b2c3d4-0000-4000-8000-000000000001';
const clientId = 'a1b2c3d4-0000-4000-8000-000000000002';
const clientSecret = 'entra-test-secret~1';

describe('an Azure container by an identity', () => {
  let distrust: () => void = () => undefined;
  let server: Azurite;
  let entra: FakeEntra;
  let directory = '';

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-entra-'));
    const files = { cert: path.join(directory, 'cert.pem'), key: path.join(directory, 'key.pem') };
    await Promise.all([writeFile(files.cert, pair.cert), writeFile(files.key, pair.key)]);
    distrust = trust([pair.cert]);
    server = await startAzurite({ tls: files });
    entra = await startFakeEntra({ tls: pair, tenantId, clientSecret });
    vi.stubEnv('AZURE_AUTHORITY_HOST', entra.authority);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.stubEnv('AZURE_AUTHORITY_HOST', entra.authority);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    distrust();
    await entra?.close();
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const principal = { tenantId, clientId, clientSecret };
  const storage = (values?: Record<string, string>): RunStorage => {
    const { account, container, endpoint } = server;
    return {
      name: 'container',
      spec: { provider: 'AzureBlob', azureBlob: { account, container, endpoint } },
      credentials: values === undefined ? { type: 'None' } : { type: 'Inline', values },
    };
  };
  const check = (values?: Record<string, string>) => checkStorage({ id: 'check', storage: storage(values) });
  const noMachineIdentity = () => {
    for (const name of [
      'AZURE_TENANT_ID',
      'AZURE_CLIENT_ID',
      'AZURE_CLIENT_SECRET',
      'AZURE_FEDERATED_TOKEN_FILE',
    ])
      vi.stubEnv(name, undefined);
    vi.stubEnv('PATH', directory);
    vi.stubEnv('HOME', directory);
  };

  // First of all: later on there are connections that were trusted when they were made.
  it('names a certificate that nobody vouches for', async () => {
    distrust();
    try {
      const report = await check({ accountKey: server.accountKey });
      expect(report).toMatchObject({ ready: false, reason: 'StorageTlsFailed' });
    } finally {
      distrust = trust([pair.cert]);
    }
  });

  it('takes a service principal, and signs links by its role', async () => {
    const report = await check(principal);
    expect(report).toMatchObject({ ready: true });
    expect(Object.values(report.capabilities)).toEqual([true, true, true, true, true, true]);
    const asked = Object.fromEntries(entra.requests.at(-1) ?? []);
    expect(asked).toMatchObject({
      grant_type: 'client_credentials',
      client_id: clientId,
      scope: expect.stringContaining('https://storage.azure.com/.default'),
    });
  });

  it("takes a ServiceAccount's workload identity", async () => {
    noMachineIdentity();
    const file = path.join(directory, 'token');
    await writeFile(file, 'a.federated.token');
    vi.stubEnv('AZURE_TENANT_ID', tenantId);
    vi.stubEnv('AZURE_CLIENT_ID', clientId);
    vi.stubEnv('AZURE_FEDERATED_TOKEN_FILE', file);
    expect(await check()).toMatchObject({ ready: true });
    const asked = Object.fromEntries(entra.requests.at(-1) ?? []);
    expect(asked).toMatchObject({ client_id: clientId, client_assertion: 'a.federated.token' });
  });

  it('takes what the environment offers where it has nothing of its own', async () => {
    noMachineIdentity();
    vi.stubEnv('AZURE_TENANT_ID', tenantId);
    vi.stubEnv('AZURE_CLIENT_ID', clientId);
    vi.stubEnv('AZURE_CLIENT_SECRET', clientSecret);
    expect(await check()).toMatchObject({ ready: true });
  });

  it('names a wrong secret of the principal, and does not repeat it', async () => {
    const report = await check({ ...principal, clientSecret: 'wrong-secret' });
    expect(report).toMatchObject({ ready: false, reason: 'StorageUnauthenticated' });
    expect(report.message).toContain('AADSTS7000215');
    expect(JSON.stringify(report)).not.toContain('wrong-secret');
  });

  it('says that the token service is away', async () => {
    vi.stubEnv('AZURE_AUTHORITY_HOST', 'https://127.0.0.1:1');
    expect(await check(principal)).toMatchObject({ ready: false, reason: 'StorageUnreachable' });
  });

  it('names the tenant where the token service knows none of that name', async () => {
    const report = await check({ ...principal, tenantId: 'other.example.com' });
    expect(report.ready).toBe(false);
    expect(report.message).toContain('tenantId');
  });

  it('says that nobody offers an identity', async () => {
    noMachineIdentity();
    // Without the machine's own, for tests may run on a machine of Azure's.
    vi.stubEnv('AZURE_TOKEN_CREDENTIALS', 'dev');
    const report = await check();
    expect(report).toMatchObject({ ready: false, reason: 'StorageUnauthenticated' });
    expect(report.message).toContain('nothing here offers an identity');
  });

  describeDriver(
    'Azure Blob by a service principal',
    azureCapabilities,
    {
      open: () => createDriver({ spec: storage().spec, credentials: principal }),
      secrets: [clientSecret],
    },
    // The calls are what differs; the store above them does not.
    { describe: (name, body) => (name.endsWith('calls') ? describe(name, body) : undefined), it },
  );
});
