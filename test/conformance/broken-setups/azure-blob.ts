import type { RunStorage } from '@tapedeck/core';
import { makeSas } from '../../servers/azure-sas.ts';
import { type Azurite, startAzurite } from '../../servers/azurite.ts';
import { freePort } from '../../servers/free-port.ts';
import { startWebSite } from '../../servers/odd-servers.ts';
import { brokenSetups } from './broken-setup.ts';
import { type EndpointScene, endpointSetups } from './endpoint-setups.ts';

type AzureBlock = NonNullable<RunStorage['spec']['azureBlob']>;

/** Azure's own stand-in, and a web site that is none. */
interface Scene extends EndpointScene {
  readonly server: Azurite;
}

const wrongKey = Buffer.alloc(64, 'wrong').toString('base64');

function storage(
  { server }: Scene,
  azureBlob: Partial<AzureBlock> = {},
  values: Record<string, string> = { accountKey: server.accountKey },
): RunStorage {
  const { account, container, endpoint } = server;
  return {
    name: 'container',
    spec: {
      provider: 'AzureBlob',
      prefix: 'meetings',
      azureBlob: { account, container, endpoint, ...azureBlob },
    },
    credentials: { type: 'Inline', values },
  };
}

const sas = ({ server }: Scene, permissions: string, expires = new Date(Date.now() + 3_600_000)) =>
  makeSas({ ...server, permissions, expires });

export const brokenAzure = brokenSetups<Scene>({
  provider: 'AzureBlob',
  isThere: () => Promise.resolve(true),
  async open() {
    return { server: await startAzurite(), site: await startWebSite(), closedPort: await freePort() };
  },
  async close({ server, site }) {
    await site.close();
    await server.stop();
  },
  secrets: ({ server }) => [server.accountKey, wrongKey, 'sig=', 'AccountKey='],
  setups: [
    {
      title: 'an account that does not exist',
      reason: 'StorageUnreachable',
      step: 'Resolve',
      storage: (scene) => storage(scene, { endpoint: 'https://nobody.blob.core.invalid' }),
    },
    ...endpointSetups<Scene>('Blob Storage', (scene, endpoint) => storage(scene, { endpoint })),
    {
      title: 'a connection string without a key',
      reason: 'InvalidCredentials',
      step: 'Authenticate',
      storage: (scene) => storage(scene, {}, { connectionString: `AccountName=${scene.server.account}` }),
    },
    {
      title: 'an account key that is none',
      reason: 'InvalidCredentials',
      step: 'Authenticate',
      storage: (scene) => storage(scene, {}, { accountKey: 'not base64!' }),
    },
    {
      title: 'the key of another account',
      reason: 'StorageUnauthenticated',
      step: 'Authenticate',
      storage: (scene) => storage(scene, {}, { accountKey: wrongKey }),
    },
    {
      title: 'a SAS that has ended',
      reason: 'StorageUnauthenticated',
      step: 'Authenticate',
      storage: (scene) => storage(scene, {}, { sasToken: sas(scene, 'cw', new Date(Date.now() - 60_000)) }),
    },
    {
      title: 'a container that does not exist',
      reason: 'BucketNotFound',
      step: 'Bucket',
      storage: (scene) => storage(scene, { container: 'missing' }),
    },
    {
      title: 'a SAS that allows to read only',
      reason: 'StorageDenied',
      step: 'Write',
      storage: (scene) => storage(scene, {}, { sasToken: sas(scene, 'r') }),
    },
  ],
});
