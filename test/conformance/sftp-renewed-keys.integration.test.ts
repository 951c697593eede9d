import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createStore, type Store } from '@tapedeck/storage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PasswordSshd, startPasswordSshd } from '../servers/password-sshd.ts';
import { findSshd } from '../servers/sshd.ts';
import { startTcpProxy, type TcpProxy } from '../servers/tcp-proxy.ts';

const sshd = await findSshd();

describe.skipIf(sshd === undefined)('a trusted SFTP server whose password is replaced', () => {
  let mounted: string;
  let first: PasswordSshd;
  let other: PasswordSshd;
  /** Who answers at the address, one for each connection that is made. */
  let answering: PasswordSshd[];
  let proxy: TcpProxy;
  let store: Store;

  beforeEach(async () => {
    mounted = await mkdtemp(path.join(tmpdir(), 'tapedeck-renewed-'));
    [first, other] = await Promise.all([startPasswordSshd(), startPasswordSshd()]);
    proxy = await startTcpProxy({
      host: first.host,
      get port() {
        return answering.shift()?.port ?? 0;
      },
    });
    await mount(first, 'old');
    const { host, directory } = first;
    store = await createStore(
      {
        name: 'server',
        spec: {
          provider: 'SFTP',
          sftp: { host, port: proxy.port, directory, trustOnFirstUse: true },
        },
        credentials: { type: 'Directory', path: mounted },
      },
      { retry: { maxTotalMs: 0 } },
    );
  });
  afterEach(async () => {
    await store?.close();
    await proxy?.close();
    await Promise.all([first?.stop(), other?.stop()]);
    await rm(mounted, { recursive: true, force: true });
  });

  const mount = async ({ username }: PasswordSshd, password: string) => {
    await writeFile(path.join(mounted, 'username'), username);
    await writeFile(path.join(mounted, 'password'), password);
  };
  const put = () => store.put('a', Buffer.from('a'), 'text/plain');

  it('is given the new one', async () => {
    answering = [first, first, first];
    await expect(put()).rejects.toMatchObject({ code: 'StorageUnauthenticated' });
    await mount(first, first.password);
    await expect(put()).resolves.toMatchObject({ key: 'a', size: 1 });
    expect(first.tried).toEqual(['old', 'old', first.password]);
  });

  it('is not mistaken for another that answers in its place: that one hears no password', async () => {
    answering = [first, first, other];
    await expect(put()).rejects.toMatchObject({ code: 'StorageUnauthenticated' });
    await mount(other, other.password);
    await expect(put()).rejects.toMatchObject({ code: 'HostKeyRejected' });
    expect(first.tried).toEqual(['old', 'old']);
    expect(other.tried).toEqual([]);
  });
});
