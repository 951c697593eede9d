import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RunStorage } from '@tapedeck/core';
import { checkStorage, createLinks } from '@tapedeck/storage';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { findFakeGcs, type GcsServer, startGcs } from '../servers/gcs.ts';
import { startSilentServer } from '../servers/odd-servers.ts';

const program = await findFakeGcs();

describe.skipIf(program === undefined)('a Cloud Storage', () => {
  let server: GcsServer;
  let directory = '';

  beforeAll(async () => {
    server = await startGcs();
    directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-identity-'));
  });
  afterEach(() => vi.unstubAllEnvs());
  afterAll(async () => {
    await server?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const storage = (credentials: RunStorage['credentials']): RunStorage => ({
    name: 'bucket',
    spec: { provider: 'GCS', gcs: { bucket: server.bucket, endpoint: server.endpoint } },
    credentials,
  });
  const check = (credentials: RunStorage['credentials'] = { type: 'None' }) =>
    checkStorage({ id: 'check', storage: storage(credentials) });
  const noMachineIdentity = () => {
    for (const name of ['GOOGLE_APPLICATION_CREDENTIALS', 'GCE_METADATA_HOST', 'GOOGLE_CLOUD_PROJECT'])
      vi.stubEnv(name, undefined);
    vi.stubEnv('HOME', directory);
    vi.stubEnv('CLOUDSDK_CONFIG', directory);
    vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
  };

  it('takes the key of an account from a mounted Secret', async () => {
    const secret = path.join(directory, 'secret');
    await mkdir(secret);
    await writeFile(path.join(secret, 'serviceAccount'), `${server.identities.addAccount('user')}\n`);
    expect(await check({ type: 'Directory', path: secret })).toMatchObject({ ready: true });
  });

  const federate = async (tokenUrl: string, more: object = {}) => {
    noMachineIdentity();
    const token = path.join(directory, 'token');
    await writeFile(token, 'a.web.token');
    const file = path.join(directory, 'federation.json');
    const federation = {
      type: 'external_account',
      audience:
        '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/cluster',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: tokenUrl,
      credential_source: { file: token },
      ...more,
    };
    await writeFile(file, JSON.stringify(federation));
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', file);
  };

  it('takes a federated identity, without any key', async () => {
    await federate(`${server.endpoint}/sts`);
    const report = await check();
    expect(report).toMatchObject({ ready: true });
    // Without a key, a link takes the IAM service, which is not Google's double's to play.
    expect(report.steps.filter(({ passed }) => !passed).map(({ name }) => name)).toEqual(['Sign']);
  });

  it('does not wait for ever for the signature of a link', async () => {
    const silent = await startSilentServer();
    await federate(`http://127.0.0.1:${silent.port}/sts`, {
      service_account_impersonation_url:
        'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/recorder@p.iam.gserviceaccount.com:generateAccessToken',
    });
    const links = createLinks(
      { version: 1, id: 'link', storage: storage({ type: 'None' }), keys: ['a.mp4'], expiresInSeconds: 60 },
      { signal: AbortSignal.timeout(500) },
    );
    await expect(links).rejects.toMatchObject({ code: 'Aborted' });
    await silent.close();
  });

  it("takes a ServiceAccount's identity from the metadata server of Google's machines", async () => {
    noMachineIdentity();
    vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present');
    vi.stubEnv('GCE_METADATA_HOST', new URL(server.endpoint).host);
    expect(await check()).toMatchObject({ ready: true });
  });

  it('goes without a token where nobody offers one, and is told what is missing', async () => {
    noMachineIdentity();
    const report = await check();
    expect(report).toMatchObject({ ready: false, reason: 'StorageUnauthenticated' });
    expect(report.message).toContain('storage.objects.create');
  });
});
