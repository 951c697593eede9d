import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RecordingStatus } from '@tapedeck/core';
import { localStorageManifest, s3StorageManifests, spacesStorageManifests } from '../e2e/workbench.ts';
import { openBucket } from '../servers/bucket.ts';
import { startVersityGw, type VersityGw } from '../servers/versitygw.ts';
import { azureDestination } from './destination-azure.ts';

type Output = NonNullable<RecordingStatus['outputs']>[number];

/** A place that recordings go to, and a look at it from outside. */
export interface Destination {
  /** What a manifest says of it; the storage's name is `place`. */
  readonly manifests: readonly object[];
  /** A file of the machine that holds what the output says. */
  fetch(output: Pick<Output, 'key' | 'url'>): Promise<string>;
  /** Names of all there is: objects, and whatever of uploads that nobody completed. */
  contents(): Promise<string[]>;
  close(): Promise<void>;
}

export async function localDestination(name = 'place'): Promise<Destination> {
  const directory = await mkdtemp(join(tmpdir(), 'tapedeck-place-'));
  return {
    manifests: [localStorageManifest(name, directory)],
    fetch: async ({ url }) => fileURLToPath(url ?? ''),
    async contents() {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}

export interface S3Destination extends Destination {
  readonly server: VersityGw;
}

/** Over a server of its own, which may be killed and started again. */
export async function s3Destination(
  name = 'place',
  manifestsOf: (name: string, server: VersityGw) => readonly object[] = s3StorageManifests,
): Promise<S3Destination> {
  const server = await startVersityGw();
  const bucket = openBucket(server);
  const directory = await mkdtemp(join(tmpdir(), 'tapedeck-fetched-'));
  let fetched = 0;
  return {
    server,
    manifests: manifestsOf(name, server),
    async fetch({ key }) {
      const path = join(directory, `${++fetched}.mp4`);
      await bucket.download(key, path);
      return path;
    },
    contents: async () => [
      ...(await bucket.keys()),
      ...(await bucket.openUploads()).map((key) => `upload of ${key}`),
    ],
    async close() {
      bucket.close();
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The same server as a Space: what differs is how the storage is written down. */
export const spacesDestination = (): Promise<S3Destination> => s3Destination('place', spacesStorageManifests);

export const destinations = {
  Local: localDestination,
  S3: () => s3Destination(),
  AzureBlob: azureDestination,
} as const;
