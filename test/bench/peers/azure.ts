import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzurite } from '../../servers/azurite.ts';
import type { Peer } from './peer.ts';

/** On disk: what was removed stays in Azurite's memory for some minutes. */
export async function azurePeer(): Promise<Peer> {
  const directory = await mkdtemp(join(tmpdir(), 'tapedeck-azurite-'));
  const server = await startAzurite({ directory });
  const { account, accountKey, container, endpoint, connectionString } = server;
  return {
    name: 'Azure Blob (Azurite)',
    storage: {
      name: 'bench',
      spec: { provider: 'AzureBlob', azureBlob: { container } },
      credentials: { type: 'Inline', values: { connectionString } },
    },
    rclone: { type: 'azureblob', account, key: accountKey, endpoint, no_check_container: 'true' },
    place: container,
    remove: (key) => server.inside.delete(key),
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
