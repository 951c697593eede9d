import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Azurite, startAzurite } from '../servers/azurite.ts';
import type { Destination } from './destination.ts';

export interface AzureDestination extends Destination {
  readonly server: Azurite;
}

/** Over a server of its own. */
export async function azureDestination(): Promise<AzureDestination> {
  const server = await startAzurite();
  const directory = await mkdtemp(join(tmpdir(), 'tapedeck-fetched-'));
  const { inside, container, connectionString } = server;
  let fetched = 0;
  return {
    server,
    manifests: [
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'place-keys' },
        stringData: { connectionString },
      },
      {
        apiVersion: 'tapedeck.dev/v1alpha1',
        kind: 'ExternalStorage',
        metadata: { name: 'place' },
        spec: {
          provider: 'AzureBlob',
          azureBlob: { container },
          credentials: { secretRef: { name: 'place-keys' } },
        },
      },
    ],
    async fetch({ key }) {
      const path = join(directory, `${++fetched}.mp4`);
      await inside.download(key, path);
      return path;
    },
    contents: async () => [
      ...(await inside.keys()),
      ...(await inside.openUploads()).map((key) => `upload of ${key}`),
    ],
    async close() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
