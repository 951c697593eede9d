import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RecordingStatus } from '@tapedeck/core';
import { localStorageManifest, s3StorageManifests } from '../e2e/workbench.ts';
import { openBucket } from '../servers/bucket.ts';
import { startVersityGw, type VersityGw } from '../servers/versitygw.ts';

type Output = NonNullable<RecordingStatus['outputs']>[number];

/** A place that recordings go to, and a look at it from outside. */
export interface Destination {
  /** What a manifest says of it; the storage's name is `place`. */
  readonly manifests: readonly object[];
  /** A file of the machine that holds what the output says. */
  fetch(output: Output): Promise<string>;
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
export async function s3Destination(name = 'place'): Promise<S3Destination> {
  const server = await startVersityGw();
  const bucket = openBucket(server);
  const directory = await mkdtemp(join(tmpdir(), 'tapedeck-fetched-'));
  let fetched = 0;
  return {
    server,
    manifests: s3StorageManifests(name, server),
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

export const destinations = { Local: localDestination, S3: s3Destination } as const;
