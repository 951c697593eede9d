import { createDecipheriv, generateKeyPairSync } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import ssh2, { type Connection, type SFTPWrapper } from 'ssh2';
import { describe, expect, it } from 'vitest';
import { createPacketCipher, lightenCipher } from './sftp-cipher.ts';
import { BatchingSocket } from './sftp-socket.ts';
import { sendWrite } from './sftp-write.ts';

/** ssh2's own server, which takes large writes for its name and keeps them; `during` is told of each write. */
async function serve(during: (connection: Connection, writes: number) => void) {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const held = Buffer.alloc(8 * 1024 * 1024);
  let writes = 0;
  const server = new ssh2.Server({ hostKeys: [privateKey], ident: 'OpenSSH_9.9' }, (connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => context.accept());
    connection.on('session', (acceptSession) => {
      acceptSession().on('sftp', (acceptSftp) => {
        const sftp = acceptSftp();
        sftp.on('WRITE', (id, _, offset, data) => {
          data.copy(held, offset);
          during(connection, ++writes);
          sftp.status(id, ssh2.utils.sftp.STATUS_CODE.OK);
        });
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return { held, port: (server.address() as AddressInfo).port, close: () => server.close() };
}

async function connect(port: number): Promise<{ sftp: SFTPWrapper; end: () => void }> {
  const sock = new BatchingSocket();
  sock.open(port, '127.0.0.1');
  const client = new ssh2.Client();
  const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
    client.on('error', reject);
    client.on('ready', () => client.sftp((error, found) => (error ? reject(error) : resolve(found))));
    client.connect({ sock, username: 'test' });
  });
  return { sftp, end: () => client.end() };
}

/** What the driver does with the library's insides holds for the pinned version: another one is to be looked at here. */
describe('the SSH library', () => {
  it('takes our cipher, our writes, and new keys in the middle of them', async () => {
    const rekeyed = Promise.withResolvers<void>();
    const server = await serve((connection, writes) => {
      if (writes === 3) connection.rekey(() => rekeyed.resolve());
    });
    const { sftp, end } = await connect(server.port);
    try {
      expect(lightenCipher(sftp)).toBe(true);
      sftp.write = () => {
        throw new Error('The copying way was taken.');
      };
      const handle = Buffer.from([0, 0, 0, 0]);
      // More than the window holds, and no multiple of anything.
      const chunk = 250_001;
      const sent = Buffer.alloc(24 * chunk, Buffer.from(Array.from({ length: 251 }, (_, index) => index)));
      const write = (at: number) =>
        new Promise<void>((resolve, reject) =>
          sendWrite(sftp, handle, sent.subarray(at, at + chunk), at, (error) =>
            error ? reject(error) : resolve(),
          ),
        );
      await Promise.all(Array.from({ length: 12 }, (_, index) => write(index * chunk)));
      await rekeyed.promise;
      await Promise.all(Array.from({ length: 12 }, (_, index) => write((index + 12) * chunk)));
      expect(server.held.subarray(0, sent.length).equals(sent)).toBe(true);
    } finally {
      end();
      server.close();
    }
  });

  it('is left alone where it is another one', () => {
    const protocol = { _cipher: { encrypt: () => undefined } };
    const { _cipher: before } = protocol;
    expect(lightenCipher({ _protocol: protocol })).toBe(false);
    expect(protocol._cipher).toBe(before);
    expect(lightenCipher({})).toBe(false);
  });
});

describe('a packet', () => {
  it.each([0, 1, 10, 11, 12, 16, 32_768, 100_000])('of %i bytes is one of AES-GCM', (size) => {
    const [key, iv] = [Buffer.alloc(16, 7), Buffer.from('00112233ffffffffffffffff', 'hex')];
    const written: Buffer[] = [];
    const cipher = createPacketCipher({
      _encSSLName: 'aes-128-gcm',
      _encKey: key,
      _encIV: iv,
      _onWrite: (data) => written.push(data),
      outSeqno: 5,
    });
    // Two, so that the counter passes its end.
    for (const fill of [1, 2]) {
      const packet = cipher.allocPacket(size);
      packet.fill(fill, 5, 5 + size);
      cipher.encrypt(packet);
    }
    expect(cipher.outSeqno).toBe(7);
    const ivs = [iv, Buffer.from('001122330000000000000000', 'hex')];
    for (const [index, fill] of [1, 2].entries()) {
      const [length = iv, body = iv, tag = iv] = written.slice(index * 3, index * 3 + 3);
      const decipher = createDecipheriv('aes-128-gcm', key, ivs[index] ?? iv);
      decipher.setAAD(length).setAuthTag(tag);
      const plain = Buffer.concat([decipher.update(body), decipher.final()]);
      const padding = plain[0] ?? 0;
      expect(padding).toBeGreaterThanOrEqual(4);
      expect(plain.length).toBe(length.readUInt32BE());
      expect(plain.length % 16).toBe(0);
      expect(plain.subarray(1, plain.length - padding).equals(Buffer.alloc(size, fill))).toBe(true);
    }
  });
});
