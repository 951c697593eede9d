import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifest, type RecordingStatus } from '@tapedeck/core';
import { parseAllDocuments } from 'yaml';
import { type Destination, s3Destination } from '../chaos/destination.ts';
import { azureDestination } from '../chaos/destination-azure.ts';
import { gcsDestination } from '../chaos/destination-gcs.ts';
import { sftpDestination } from '../chaos/destination-sftp.ts';
import { startBroadcast } from '../media/broadcast.ts';
import { startPageServer } from '../media/page-server.ts';
import { hasPageTools } from '../media/page-tools.ts';
import { files, read } from '../repo/checkout.ts';
import { findFakeGcs } from '../servers/gcs.ts';
import { findSshd } from '../servers/sshd.ts';
import { startTcpProxy } from '../servers/tcp-proxy.ts';
import { overlayExamples, type StandIn } from './example-overlay.ts';
import { s3StorageManifests, spacesStorageManifests } from './workbench.ts';

const loopback = '127.0.0.1';
const paths = files.filter((path) => /^examples\/[^/]+\.yaml$/.test(path));

/** Servers of every kind that the examples name and a broadcast, reached from pods and from this machine alike. */
export interface ExampleGround {
  /** Of the Recordings of the examples. */
  readonly recordings: readonly string[];
  /** Writes a directory for kustomize: the examples, byte for byte, and what is put over them. */
  write(directory: string): Promise<void>;
  /** Files of this machine with what a Recording's outputs say. */
  fetch(status: RecordingStatus): Promise<readonly string[]>;
  /** Files of this machine with what is in the directory that copies go to. */
  copies(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Are the programs of those servers there, and those of a page's recording? */
export async function findExampleServers(): Promise<boolean> {
  return hasPageTools() && (await findFakeGcs()) !== undefined && (await findSshd()) !== undefined;
}

/** `host`: an address of this machine that pods reach. Ask `findExampleServers` first. */
export async function openExampleGround(host: string): Promise<ExampleGround> {
  await using opening = new AsyncDisposableStack();
  const startFront = (port: number) => startTcpProxy({ host: loopback, port }, { host, port });
  const opened = <T extends { close(): Promise<void> }>(one: T): T => {
    opening.defer(() => one.close());
    return one;
  };
  const s3 = opened(await s3Destination());
  const azure = opened(await azureDestination());
  const gcs = opened(await gcsDestination());
  const sftp = opened(await sftpDestination());
  const broadcast = await startBroadcast('Rtmp');
  opening.defer(() => broadcast.stop());
  const page = opened(await startPageServer());
  // They listen on loopback: the same ports of the other address lead there.
  for (const url of [
    s3.server.endpoint,
    azure.server.endpoint,
    gcs.server.endpoint,
    broadcast.url,
    page.origin,
  ])
    opened(await startFront(Number(new URL(url).port)));
  opened(await startFront(sftp.server.port));
  // A key file names where its tokens come from, which may only be this machine itself or speak TLS.
  const hmac = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'place-keys' },
    stringData: gcs.server.identities.addHmacKey('user'),
  };
  const inS3 = (name: string): StandIn => s3StorageManifests(name, s3.server);
  const standIns: Readonly<Record<string, StandIn>> = {
    quickstart: inS3('quickstart'),
    browser: inS3('browser'),
    recordings: inS3('recordings'),
    'long-term': inS3('long-term'),
    'team-bucket': inS3('team-bucket'),
    'team-space': spacesStorageManifests('team-space', s3.server),
    lessons: inS3('lessons'),
    'lessons-archive': sftp.manifests,
    'team-container': azure.manifests,
    'team-gcs': [hmac, ...gcs.manifests.slice(1)],
    archive: sftp.manifests,
  };
  const others: Readonly<Record<string, Destination>> = {
    'team-container': azure,
    'team-gcs': gcs,
    archive: sftp,
    'lessons-archive': sftp,
  };
  const examples = paths.flatMap((path) =>
    parseAllDocuments(read(path)).map((one) => parseManifest('toJS' in one ? one.toJS() : one)),
  );
  const reached = (documents: readonly object[]): string =>
    JSON.stringify(documents).replaceAll(loopback, host);
  const resources = opening.move();
  return {
    recordings: examples.filter(({ kind }) => kind === 'Recording').map(({ metadata }) => metadata.name),
    async write(directory) {
      await mkdir(directory, { recursive: true });
      const { patches, secrets } = overlayExamples(examples, standIns, {
        broadcast: broadcast.url,
        page: page.origin,
      });
      const put = (name: string, text: string) => writeFile(join(directory, name), text, { mode: 0o600 });
      const names = paths.map((path) => path.replace('examples/', ''));
      for (const name of names) await put(name, read(`examples/${name}`));
      await put('secrets.json', `{"apiVersion":"v1","kind":"List","items":${reached(secrets)}}`);
      const lists = `"resources":${JSON.stringify([...names, 'secrets.json'])},"patches":${reached(patches)}`;
      await put('kustomization.yaml', `{${lists}}`);
    },
    async fetch({ outputs = [] }) {
      return await Promise.all(outputs.map((output) => (others[output.storage ?? ''] ?? s3).fetch(output)));
    },
    async copies() {
      const keys = (await s3.contents()).filter((key) => key.startsWith('lectures/'));
      return await Promise.all(keys.map((key) => s3.fetch({ key })));
    },
    close: () => resources.disposeAsync(),
  };
}
