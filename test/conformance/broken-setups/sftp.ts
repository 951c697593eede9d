import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunStorage } from '@tapedeck/core';
import { freePort } from '../../servers/free-port.ts';
import { type OddServer, startSilentServer, startWebSite } from '../../servers/odd-servers.ts';
import { findSshd, type Sshd, startSshd } from '../../servers/sshd.ts';
import { brokenSetups } from './broken-setup.ts';

type SftpBlock = NonNullable<RunStorage['spec']['sftp']>;

/** OpenSSH's server, and two that are none. */
interface Scene {
  readonly server: Sshd;
  readonly site: OddServer;
  readonly silent: OddServer;
  readonly closedPort: number;
}

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const strangersKey = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const lockedKey = privateKey
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' })
  .toString();
const notPem = 'cHJpdmF0ZS1rZXktb2YtYW5vdGhlci1raW5k';
const otherHostKey = 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

function storage({ server }: Scene, sftp: Partial<SftpBlock> = {}, values: object = {}): RunStorage {
  const { host, port, directory, hostKeys, username } = server;
  return {
    name: 'server',
    spec: {
      provider: 'SFTP',
      prefix: 'meetings',
      sftp: { host, port, directory, hostKeys: [...hostKeys], ...sftp },
    },
    credentials: { type: 'Inline', values: { username, privateKey: server.privateKey, ...values } },
  };
}

export const brokenSftp = brokenSetups<Scene>({
  provider: 'SFTP',
  isThere: async () => (await findSshd()) !== undefined,
  async open() {
    const server = await startSshd();
    await writeFile(path.join(server.files, 'notes.txt'), 'a file');
    return {
      server,
      site: await startWebSite(),
      silent: await startSilentServer(),
      closedPort: await freePort(),
    };
  },
  async close({ server, site, silent }) {
    await site.close();
    await silent.close();
    await server.stop();
  },
  secrets: ({ server }) => [
    ...[server.privateKey, strangersKey, lockedKey].flatMap((pem) => pem.split('\n').slice(1, 3)),
    notPem,
    'open sesame',
  ],
  setups: [
    {
      title: 'the host does not exist',
      reason: 'StorageUnreachable',
      step: 'Resolve',
      storage: (scene) => storage(scene, { host: 'files.nowhere.invalid' }),
    },
    {
      title: 'nobody listens on the port',
      reason: 'StorageUnreachable',
      step: 'Connect',
      storage: (scene) => storage(scene, { port: scene.closedPort }),
    },
    {
      title: 'a server that takes connections and says nothing',
      reason: 'StorageTimeout',
      step: 'Write',
      callMs: 1_000,
      storage: (scene) => storage(scene, { port: scene.silent.port }),
    },
    {
      title: 'a web site in place of SSH',
      reason: 'StorageUnreachable',
      step: 'Write',
      storage: (scene) => storage(scene, { port: scene.site.port }),
    },
    {
      title: 'a server with another key than the one that is pinned',
      reason: 'HostKeyRejected',
      step: 'Authenticate',
      storage: (scene) => storage(scene, { hostKeys: [otherHostKey] }),
    },
    {
      title: 'a server whose key is not known',
      reason: 'HostKeyRejected',
      step: 'Authenticate',
      storage: (scene) => storage(scene, { hostKeys: [] }),
    },
    {
      title: 'a host key that is none',
      reason: 'InvalidManifest',
      step: 'Configure',
      storage: (scene) => storage(scene, { hostKeys: ['ssh-ed25519'] }),
    },
    {
      title: 'a private key that is none',
      reason: 'InvalidCredentials',
      step: 'Authenticate',
      storage: (scene) => storage(scene, {}, { privateKey: notPem }),
    },
    {
      title: 'a locked private key without its passphrase',
      reason: 'InvalidCredentials',
      step: 'Authenticate',
      storage: (scene) => storage(scene, {}, { privateKey: lockedKey }),
    },
    {
      title: 'neither a password nor a key',
      reason: 'InvalidCredentials',
      step: 'Authenticate',
      storage: (scene) => storage(scene, {}, { privateKey: '' }),
    },
    {
      title: 'a key that the server does not know',
      reason: 'StorageUnauthenticated',
      step: 'Authenticate',
      storage: (scene) => storage(scene, {}, { privateKey: strangersKey }),
    },
    {
      title: 'a file where the directory should be',
      reason: 'BucketNotFound',
      step: 'Bucket',
      storage: (scene) => storage(scene, { directory: `${scene.server.directory}/notes.txt` }),
    },
    {
      title: 'a directory that is not ours to write to',
      reason: 'StorageDenied',
      step: 'Write',
      storage: (scene) => storage(scene, { directory: '/usr' }),
    },
  ],
});
