import { generateKeyPairSync } from 'node:crypto';
import type { RunStorage } from '@tapedeck/core';
import { type FaultProxy, s3Error, startFaultProxy } from '../../servers/fault-proxy.ts';
import { freePort } from '../../servers/free-port.ts';
import { findFakeGcs, type GcsServer, startGcs } from '../../servers/gcs.ts';
import { startWebSite } from '../../servers/odd-servers.ts';
import { brokenSetups } from './broken-setup.ts';
import { type EndpointScene, endpointSetups } from './endpoint-setups.ts';

type GcsBlock = NonNullable<RunStorage['spec']['gcs']>;

/** The double in front of fake-gcs-server, a proxy in front of that, and a web site that is none of it. */
interface Scene extends EndpointScene {
  readonly server: GcsServer;
  readonly proxy: FaultProxy;
  /** The key file of an account that may do all. */
  readonly account: string;
}

const wrongSecret = 'wJalrXUtnFEMI-wrong-secret';
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherKey = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const notPem = 'cHJpdmF0ZS1rZXktb2YtYW5vdGhlci1raW5k';

function storage(
  { server, account }: Scene,
  gcs: Partial<GcsBlock> = {},
  values: Record<string, string> = { serviceAccount: account },
): RunStorage {
  const { bucket, endpoint } = server;
  return {
    name: 'bucket',
    spec: { provider: 'GCS', prefix: 'meetings', gcs: { bucket, endpoint, ...gcs } },
    credentials: { type: 'Inline', values },
  };
}

/** The same account with something else in its file. */
const changed = ({ account }: Scene, change: object) => ({
  serviceAccount: JSON.stringify({ ...(JSON.parse(account) as object), ...change }),
});

export const brokenGcs = brokenSetups<Scene>({
  provider: 'GCS',
  isThere: async () => (await findFakeGcs()) !== undefined,
  async open() {
    const server = await startGcs();
    return {
      server,
      proxy: await startFaultProxy(server.endpoint),
      site: await startWebSite(),
      closedPort: await freePort(),
      account: server.identities.addAccount('user'),
    };
  },
  async close({ server, proxy, site }) {
    await site.close();
    await proxy.close();
    await server.close();
  },
  secrets: ({ server, account }) => {
    const { private_key: key } = JSON.parse(account) as { private_key: string };
    const lines = [key, otherKey].flatMap((pem) => pem.split('\n').slice(1, 3));
    return [...lines, ...server.identities.tokens, wrongSecret, notPem];
  },
  setups: [
    {
      title: 'the host does not exist',
      reason: 'StorageUnreachable',
      step: 'Resolve',
      storage: (scene) => storage(scene, { endpoint: 'https://storage.nowhere.invalid' }),
    },
    ...endpointSetups<Scene>('Cloud Storage', (scene, endpoint) => storage(scene, { endpoint })),
    {
      title: 'JSON that is no service account',
      reason: 'InvalidCredentials',
      step: 'Authenticate',
      storage: (scene) => storage(scene, {}, { serviceAccount: '{"type":"authorized_user"}' }),
    },
    {
      title: 'a service account whose key is no key',
      reason: 'InvalidCredentials',
      step: 'Authenticate',
      storage: (scene) => storage(scene, {}, changed(scene, { private_key: notPem })),
    },
    {
      title: 'half of an HMAC key',
      reason: 'InvalidCredentials',
      step: 'Authenticate',
      storage: (scene) => storage(scene, {}, { accessKeyId: 'GOOG1EXAMPLE' }),
    },
    {
      title: 'a key that was deleted from its account',
      reason: 'StorageUnauthenticated',
      step: 'Authenticate',
      storage: (scene) => storage(scene, {}, changed(scene, { private_key: otherKey })),
    },
    {
      title: 'an HMAC key with a wrong secret',
      reason: 'StorageUnauthenticated',
      step: 'Authenticate',
      storage: (scene) => {
        const { accessKeyId } = scene.server.identities.addHmacKey('user');
        return storage(scene, {}, { accessKeyId, secretAccessKey: wrongSecret });
      },
    },
    {
      title: 'a clock that is 20 minutes behind, with an HMAC key',
      reason: 'ClockSkewed',
      step: 'ClockSkew',
      storage: (scene) => {
        scene.server.identities.skewMs = 20 * 60_000;
        return storage(scene, {}, { ...scene.server.identities.addHmacKey('user') });
      },
      restore: ({ server }) => {
        server.identities.skewMs = 0;
      },
    },
    {
      title: 'a bucket that does not exist',
      reason: 'BucketNotFound',
      step: 'Bucket',
      storage: (scene) => storage(scene, { bucket: 'missing' }),
    },
    {
      title: 'an account without any right',
      reason: 'StorageDenied',
      step: 'Write',
      storage: (scene) =>
        storage(scene, {}, { serviceAccount: scene.server.identities.addAccount('stranger') }),
    },
    {
      title: 'an account that may not upload in parts',
      reason: 'StorageDenied',
      step: 'Multipart',
      storage: (scene) => storage(scene, {}, { serviceAccount: scene.server.identities.addAccount('plain') }),
    },
    {
      title: 'a service that is not well (503)',
      reason: 'StorageUnavailable',
      step: 'Write',
      storage: (scene) => {
        const fault = { type: 'Status', status: 503, body: s3Error('ServiceUnavailable') } as const;
        scene.proxy.inject({ fault });
        return storage(scene, { endpoint: scene.proxy.endpoint });
      },
      restore: ({ proxy }) => proxy.clear(),
    },
  ],
});
