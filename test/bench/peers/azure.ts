import { startAzurite } from '../../servers/azurite.ts';
import type { Peer } from './peer.ts';

export async function azurePeer(): Promise<Peer> {
  const server = await startAzurite();
  const { account, accountKey, container, connectionString, endpoint, inside } = server;
  return {
    name: 'Azure (Azurite)',
    storage: {
      name: 'bench',
      spec: { provider: 'AzureBlob', azureBlob: { container } },
      credentials: { type: 'Inline', values: { connectionString } },
    },
    rclone: { type: 'azureblob', account, key: accountKey, endpoint, no_check_container: 'true' },
    place: container,
    remove: (key) => inside.delete(key),
    stop: () => server.stop(),
  };
}
