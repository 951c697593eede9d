import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GcsServer, startGcs } from '../servers/gcs.ts';
import type { Role } from '../servers/gcs-double-identity.ts';
import type { Destination } from './destination.ts';

export interface GcsDestination extends Destination {
  readonly server: GcsServer;
}

/** Over a server of its own; looked at from outside by asking fake-gcs-server, which wants to know nobody's name. */
export async function gcsDestination(
  upload: 'Multipart' | 'Resumable' = 'Multipart',
  role: Role = 'user',
): Promise<GcsDestination> {
  const server = await startGcs();
  const directory = await mkdtemp(join(tmpdir(), 'tapedeck-fetched-'));
  const objects = `${server.behind}/storage/v1/b/${server.bucket}/o`;
  let fetched = 0;
  return {
    server,
    manifests: [
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'place-keys' },
        stringData: { serviceAccount: server.identities.addAccount(role) },
      },
      {
        apiVersion: 'tapedeck.dev/v1alpha1',
        kind: 'ExternalStorage',
        metadata: { name: 'place' },
        spec: {
          provider: 'GCS',
          gcs: { bucket: server.bucket, endpoint: server.endpoint, upload },
          credentials: { secretRef: { name: 'place-keys' } },
        },
      },
    ],
    async fetch({ key }) {
      const path = join(directory, `${++fetched}.mp4`);
      const answer = await fetch(`${objects}/${encodeURIComponent(key)}?alt=media`);
      if (!answer.ok) throw new Error(`${key} is not in the bucket: ${answer.status}`);
      await writeFile(path, Buffer.from(await answer.arrayBuffer()));
      return path;
    },
    async contents() {
      const { items = [] } = (await (await fetch(objects)).json()) as { items?: { name: string }[] };
      return [...items.map(({ name }) => name), ...server.openUploads.map((key) => `upload of ${key}`)];
    },
    async close() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
