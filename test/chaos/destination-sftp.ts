import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sshd, startSshd } from '../servers/sshd.ts';
import type { Destination } from './destination.ts';

export interface SftpDestination extends Destination {
  readonly server: Sshd;
}

/** Over a server of its own, which may be killed and started again. */
export async function sftpDestination(): Promise<SftpDestination> {
  const server = await startSshd();
  const fetched = await mkdtemp(join(tmpdir(), 'tapedeck-fetched-'));
  const { host, port, username, privateKey, hostKeys, directory, files } = server;
  let count = 0;
  return {
    server,
    manifests: [
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'place-login' },
        stringData: { username, privateKey },
      },
      {
        apiVersion: 'tapedeck.dev/v1alpha1',
        kind: 'ExternalStorage',
        metadata: { name: 'place' },
        spec: {
          provider: 'SFTP',
          sftp: { host, port, directory, hostKeys: [...hostKeys] },
          credentials: { secretRef: { name: 'place-login' } },
        },
      },
    ],
    async fetch({ key }) {
      const path = join(fetched, `${++count}.mp4`);
      await copyFile(join(files, key), path);
      return path;
    },
    async contents() {
      const entries = await readdir(files, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name).slice(files.length + 1));
    },
    async close() {
      await server.stop();
      await rm(fetched, { recursive: true, force: true });
    },
  };
}
