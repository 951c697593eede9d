import { writeFileSync } from 'node:fs';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSshd } from '../../servers/sshd.ts';
import type { Peer } from './peer.ts';

export async function sftpPeer(): Promise<Peer> {
  const server = await startSshd();
  const { host, port, username, privateKey, hostKeys, directory } = server;
  const own = await mkdtemp(join(tmpdir(), 'tapedeck-bench-sftp-'));
  const keyFile = join(own, 'key');
  const knownHosts = join(own, 'known_hosts');
  const batch = join(own, 'batch');
  await writeFile(keyFile, privateKey, { mode: 0o600 });
  await writeFile(knownHosts, hostKeys.map((key) => `[${host}]:${port} ${key}\n`).join(''));
  return {
    name: 'SFTP (OpenSSH)',
    storage: {
      name: 'bench',
      spec: { provider: 'SFTP', sftp: { host, port, hostKeys: [...hostKeys], directory } },
      credentials: { type: 'Inline', values: { username, privateKey } },
    },
    rclone: {
      type: 'sftp',
      host,
      port: String(port),
      user: username,
      key_file: keyFile,
      known_hosts_file: knownHosts,
      shell_type: 'none',
    },
    place: directory,
    other: {
      name: 'OpenSSH sftp (put -f)',
      argv(file, key) {
        // Onto the server's disk, as a recording is; rclone has no way to ask for that.
        writeFileSync(batch, `put -f ${file} ${directory}/${key}\n`);
        const options = ['-q', '-P', String(port), '-i', keyFile, '-o', `UserKnownHostsFile=${knownHosts}`];
        return ['sftp', ...options, '-F', 'none', '-b', batch, `${username}@${host}`];
      },
    },
    async sync(key) {
      const uploaded = await open(join(server.files, key), 'r+');
      await uploaded.sync();
      await uploaded.close();
    },
    remove: (key) => rm(join(server.files, key), { force: true }),
    async stop() {
      await server.stop();
      await rm(own, { recursive: true, force: true });
    },
  };
}
