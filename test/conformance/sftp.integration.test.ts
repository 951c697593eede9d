import { execFile } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { RunStorage } from '@tapedeck/core';
import { checkStorage, createDriver, createStore, type Driver, sftpCapabilities } from '@tapedeck/storage';
import { describeDriver, keepJournal, readObject, sampleUnits } from '@tapedeck/storage/conformance';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PasswordSshd, startPasswordSshd } from '../servers/password-sshd.ts';
import { findSshd, type Sshd, startSshd } from '../servers/sshd.ts';

type Sftp = NonNullable<RunStorage['spec']['sftp']>;
type Values = Readonly<Record<string, string>>;

const run = promisify(execFile);
const contentType = 'video/mp4';
const program = await findSshd();
const isRoot = process.getuid?.() === 0;
/** What OpenSSH has beyond the protocol, and other servers have not. */
const extensions = ['limits', 'fsync', 'posix-rename', 'hardlink', 'copy-data', 'statvfs', 'fstatvfs'];

describe.skipIf(program === undefined)('an SFTP server', () => {
  let server: Sshd;
  let plain: Sshd;
  let passwords: PasswordSshd;
  let scratch = '';

  beforeAll(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'tapedeck-sftp-test-'));
    server = await startSshd();
    plain = await startSshd({ without: extensions });
    passwords = await startPasswordSshd();
  });
  afterAll(async () => {
    await passwords?.stop();
    await plain?.stop();
    await server?.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  const storageOn = (at: Sshd, sftp: Partial<Sftp> = {}, values: Values = {}): RunStorage => ({
    name: 'server',
    spec: {
      provider: 'SFTP',
      prefix: 'meetings',
      sftp: {
        host: at.host,
        port: at.port,
        directory: at.directory,
        hostKeys: [...at.hostKeys],
        ...sftp,
      },
    },
    credentials: {
      type: 'Inline',
      values: { username: at.username, privateKey: at.privateKey, ...values },
    },
  });
  const passwordStorage = (at: PasswordSshd, sftp: Partial<Sftp> = {}, values: Values = {}): RunStorage => ({
    name: 'server',
    spec: {
      provider: 'SFTP',
      sftp: { host: at.host, port: at.port, directory: at.directory, hostKeys: [at.hostKey], ...sftp },
    },
    credentials: { type: 'Inline', values: { username: at.username, password: at.password, ...values } },
  });
  const openDriver = ({ spec, credentials }: RunStorage): Promise<Driver> =>
    createDriver({ spec, credentials: credentials.type === 'Inline' ? credentials.values : {} });
  const secretsOf = ({ credentials }: RunStorage): string[] => {
    const { password, privateKey, passphrase } = credentials.type === 'Inline' ? credentials.values : {};
    const lines = (privateKey ?? '').split('\n').filter((line) => line.length > 40);
    return [password, passphrase, ...lines].filter((secret): secret is string => secret !== undefined);
  };
  /** Writes a file and reads it back. */
  const useIt = async (storage: RunStorage) => {
    const driver = await openDriver(storage);
    try {
      const key = `used-${Math.random()}.txt`;
      await driver.put({ key, contentType }, Buffer.from('used'));
      expect((await driver.head(key)).size).toBe(4);
      await driver.delete(key);
      return driver.endpoint;
    } finally {
      await driver.close();
    }
  };

  const open = () => openDriver(storageOn(server));
  describeDriver('SFTP', sftpCapabilities, { open }, { describe, it });
  describeDriver(
    'SFTP without OpenSSH’s extensions',
    sftpCapabilities,
    { open: () => openDriver(storageOn(plain)) },
    { describe, it },
  );

  describe('logged in to', () => {
    const publicLine = (key: KeyObject) => {
      const type = key.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs1';
      const parsed = ssh2.utils.parseKey(key.export({ type, format: 'pem' }).toString());
      const one = Array.isArray(parsed) ? parsed[0] : parsed;
      if (one === undefined || one instanceof Error) throw new Error('no key');
      return `${one.type} ${one.getPublicSSH().toString('base64')}`;
    };
    const cipher = 'aes-256-cbc';

    it.each(['pkcs1', 'pkcs8'] as const)('with an encrypted RSA key as %s', async (type) => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      await server.authorize(publicLine(privateKey));
      const passphrase = 'correct horse';
      const text = privateKey.export({ type, format: 'pem', cipher, passphrase }).toString();
      await useIt(storageOn(server, {}, { privateKey: text, passphrase }));
    });

    it('with an EC key as PKCS#8', async () => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
      await server.authorize(publicLine(privateKey));
      const text = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      await useIt(storageOn(server, {}, { privateKey: text }));
    });

    it.each(['ed25519', 'ecdsa', 'rsa'])('with an encrypted %s key of ssh-keygen', async (type) => {
      const file = path.join(scratch, `key-${type}`);
      const passphrase = 'correct horse';
      await run('ssh-keygen', ['-q', '-t', type, '-a', '2', '-N', passphrase, '-f', file]);
      await server.authorize(await readFile(`${file}.pub`, 'utf8'));
      await useIt(storageOn(server, {}, { privateKey: await readFile(file, 'utf8'), passphrase }));
    });

    it.each(['password', 'keyboard-interactive'] as const)('with a password, asked as %s', async (method) => {
      const asking = await startPasswordSshd({ method });
      try {
        await useIt(passwordStorage(asking));
        expect(asking.tried).toEqual([asking.password]);
      } finally {
        await asking.stop();
      }
    });
  });

  describe('known by', () => {
    const fingerprintOf = async (line: string) => {
      const file = path.join(scratch, 'host.pub');
      await writeFile(file, `${line}\n`);
      return (await run('ssh-keygen', ['-l', '-f', file])).stdout.split(' ')[1] ?? '';
    };

    it.each([0, 1, 2])('its key no. %i alone', async (index) => {
      await useIt(storageOn(server, { hostKeys: [server.hostKeys[index] ?? ''] }));
    });

    it('a line of known_hosts, hashed by ssh-keygen', async () => {
      const file = path.join(scratch, 'known_hosts');
      await writeFile(file, `[${server.host}]:${server.port} ${server.hostKeys[0]}\n`);
      await run('ssh-keygen', ['-H', '-f', file]);
      const hashed = await readFile(file, 'utf8');
      expect(hashed).toMatch(/^\|1\|/);
      await useIt(storageOn(server, { hostKeys: [hashed] }));
    });

    it('its fingerprint', async () => {
      await useIt(storageOn(server, { hostKeys: [await fingerprintOf(server.hostKeys[0] ?? '')] }));
    });

    it('another key is refused before it hears the password', async () => {
      const before = passwords.tried.length;
      const use = useIt(passwordStorage(passwords, { hostKeys: [server.hostKeys[2] ?? ''] }));
      await expect(use).rejects.toMatchObject({ code: 'HostKeyRejected' });
      await expect(use).rejects.toThrow(await fingerprintOf(passwords.hostKey));
      expect(passwords.tried.length).toBe(before);
    });

    it('nothing is refused with the line to pin', async () => {
      const use = useIt(passwordStorage(passwords, { hostKeys: [] }));
      await expect(use).rejects.toMatchObject({ code: 'HostKeyRejected' });
      await expect(use).rejects.toThrow(`"${passwords.hostKey}"`);
    });

    it('its first key, where that is asked for, is told and kept to for the whole upload', async () => {
      const trusting = { hostKeys: [], trustOnFirstUse: true };
      const fingerprint = await fingerprintOf(server.hostKeys[0] ?? '');
      expect(await useIt(storageOn(server, trusting))).toContain(fingerprint);
      const driver = await openDriver(storageOn(server, trusting));
      const token = await driver.begin({ key: 'trusted.mp4', contentType });
      expect(token).toMatchObject({ hostKey: fingerprint });
      // The address is the same and the server behind it another, as after a change of DNS.
      const elsewhere = await openDriver(storageOn(plain, trusting));
      const bytes = [Buffer.from('a')];
      const put = elsewhere.putPart(token, { number: 1, offset: 0, size: 1, bytes });
      await expect(put).rejects.toMatchObject({ code: 'HostKeyRejected' });
      await driver.abort(token);
      await driver.close();
      await elsewhere.close();
    });
  });

  describe('uploaded to', () => {
    const withDriver = async (body: (driver: Driver) => Promise<void>) => {
      const driver = await open();
      try {
        await body(driver);
      } finally {
        await driver.close();
      }
    };
    const one = (text: string) => ({ number: 1, offset: 0, size: text.length, bytes: [Buffer.from(text)] });

    it('never replaces a file that is there', () =>
      withDriver(async (driver) => {
        const token = await driver.begin({ key: 'taken.mp4', contentType });
        const receipt = await driver.putPart(token, one('a'));
        await writeFile(path.join(server.files, 'taken.mp4'), "somebody else's");
        const complete = driver.complete(token, [{ number: 1, offset: 0, size: 1, receipt }]);
        await expect(complete).rejects.toMatchObject({ code: 'AlreadyExists' });
        const again = driver.begin({ key: 'taken.mp4', contentType });
        await expect(again).rejects.toMatchObject({ code: 'AlreadyExists' });
        await driver.abort(token);
        expect(await readFile(path.join(server.files, 'taken.mp4'), 'utf8')).toBe("somebody else's");
      }));

    it('keeps uploads of the same name apart, and lists neither', () =>
      withDriver(async (driver) => {
        const object = { key: 'twice/same.mp4', contentType };
        const first = await driver.begin(object);
        const second = await driver.begin(object);
        const receipt = await driver.putPart(second, one('second'));
        await driver.putPart(first, one('first'));
        for await (const { key } of driver.list('twice/')) expect.fail(`${key} is listed`);
        await driver.complete(second, [{ number: 1, offset: 0, size: 6, receipt }]);
        expect(await readFile(path.join(server.files, object.key), 'utf8')).toBe('second');
        await driver.abort(first);
        expect(await readdir(path.join(server.files, 'twice'))).toEqual(['same.mp4']);
      }));

    it.each(['../outside', 'a/../../outside', '/etc/passwd', 'a//b', 'a/./b', 'nul\0byte'])(
      'refuses the key %j',
      (key) =>
        withDriver(async (driver) => {
          const begin = driver.begin({ key, contentType });
          await expect(begin).rejects.toMatchObject({ code: 'InvalidManifest' });
        }),
    );

    it('takes names as long as its file system does, and says so of longer ones', () =>
      withDriver(async (driver) => {
        const key = `${'ü'.repeat(125)}.mp4`;
        const token = await driver.begin({ key, contentType });
        const receipt = await driver.putPart(token, one('long'));
        await driver.complete(token, [{ number: 1, offset: 0, size: 4, receipt }]);
        await driver.delete(key);
        const begin = driver.begin({ key: `${'ü'.repeat(150)}.mp4`, contentType });
        await expect(begin).rejects.toMatchObject({ code: 'InvalidManifest' });
      }));

    it('where the login lands, when no directory is named', async () => {
      // sftp-server starts where its parent is; the key leads from there.
      const here = path.relative(process.cwd(), passwords.directory);
      const { sftp } = passwordStorage(passwords).spec;
      const storage = passwordStorage(passwords, { directory: `./${here}` });
      expect(sftp?.directory).toBe(passwords.directory);
      await useIt(storage);
    });

    it('says that there is no room, or what else a server may mean that says only "Failure"', async () => {
      // Files may have 2 MiB (in blocks of 512 bytes), and the signal that tells of it is passed over.
      const limited = await startPasswordSshd({
        through: ['sh', '-c', 'trap "" XFSZ; ulimit -f 4096; exec "$0"'],
      });
      const driver = await openDriver(passwordStorage(limited));
      try {
        const token = await driver.begin({ key: 'full.mp4', contentType });
        const bytes = [Buffer.alloc(3 * 1024 * 1024)];
        const put = driver.putPart(token, { number: 1, offset: 0, size: 3 * 1024 * 1024, bytes });
        await expect(put).rejects.toMatchObject({ code: 'StorageUnavailable' });
        await expect(put).rejects.toThrow('quota');
      } finally {
        await driver.close();
        await limited.stop();
      }
    });
  });

  describe('with the least rights', () => {
    /** Neither looking around nor deleting: all that a recording needs is to make files and to rename them. */
    const least = [
      'opendir',
      'readdir',
      'remove',
      'rmdir',
      'lstat',
      'setstat',
      'symlink',
      'readlink',
      ...extensions,
    ];

    it('takes a recording, and one that another process completes', async () => {
      const small = await startSshd({ without: least, chroot: isRoot });
      const storage = storageOn(small);
      const store = await createStore(storage, { partSize: 256 * 1024 });
      try {
        const units = sampleUnits(8, 100_000);
        const options = (key: string) => {
          const { onJournal, last } = keepJournal();
          return { last, upload: { key, contentType, durabilitySeconds: 0.2, onJournal } };
        };
        const whole = await store.createUpload(options('whole.mp4').upload);
        for (const unit of units) await whole.append(unit);
        await whole.finish({ head: Buffer.alloc(100, 'h') });
        const expected = Buffer.concat(units).fill('h', 0, 100);
        expect(expected.equals(await readObject(store, 'whole.mp4'))).toBe(true);

        const { last, upload } = options('cut/cut.mp4');
        const cut = await store.createUpload(upload);
        for (const unit of units) await cut.append(unit);
        await cut.flush();
        await cut.close();
        const other = await createStore(storage, { partSize: 256 * 1024 });
        await other.completeFromJournal(last());
        expect(Buffer.concat(units).equals(await readObject(other, 'cut/cut.mp4'))).toBe(true);
        await other.close();

        const report = await checkStorage({ id: 'check', storage });
        expect(report).toMatchObject({ ready: true, capabilities: { list: false, delete: false } });
      } finally {
        await store.close();
        await small.stop();
      }
    });
  });

  describe('checked', () => {
    it('is ready, with all that it can do but links, and nothing left behind', async () => {
      const report = await checkStorage({ id: 'check', storage: storageOn(server) });
      expect(report).toMatchObject({ ready: true, endpoint: `sftp://127.0.0.1:${server.port}` });
      expect(report.steps.filter((step) => !step.passed).map(({ name }) => name)).toEqual(['Sign']);
      const left = await readdir(path.join(server.files, 'meetings')).catch(() => []);
      expect(left).toEqual([]);
    });

    const broken: [string, () => Promise<RunStorage> | RunStorage, string, string][] = [
      [
        'a key that is not authorized',
        () => storageOn(server, {}, { privateKey: plain.privateKey }),
        'StorageUnauthenticated',
        'Authenticate',
      ],
      [
        'an unknown user',
        () => storageOn(server, {}, { username: 'nosuchuser' }),
        'StorageUnauthenticated',
        'Authenticate',
      ],
      [
        'a wrong password',
        () => passwordStorage(passwords, {}, { password: 'wrong-secret' }),
        'StorageUnauthenticated',
        'Authenticate',
      ],
      [
        'a key without its passphrase',
        async () => {
          const file = path.join(scratch, 'sealed');
          await run('ssh-keygen', ['-q', '-t', 'ed25519', '-a', '2', '-N', 'sealed', '-f', file]);
          return storageOn(server, {}, { privateKey: await readFile(file, 'utf8') });
        },
        'InvalidCredentials',
        'Authenticate',
      ],
      [
        'another host key',
        () => storageOn(server, { hostKeys: [...plain.hostKeys] }),
        'HostKeyRejected',
        'Authenticate',
      ],
      ['no host key', () => storageOn(server, { hostKeys: [] }), 'HostKeyRejected', 'Authenticate'],
      ['a port where nobody listens', () => storageOn(server, { port: 1 }), 'StorageUnreachable', 'Connect'],
      [
        'an unknown host',
        () => storageOn(server, { host: 'nohost.invalid' }),
        'StorageUnreachable',
        'Resolve',
      ],
      [
        'a directory that is not there and may not be made',
        () => storageOn(server, { directory: '/nowhere/recordings' }),
        'BucketNotFound',
        'Bucket',
      ],
      [
        'a directory that is a file',
        async () => {
          await writeFile(path.join(server.files, 'file'), 'no directory');
          return storageOn(server, { directory: `${server.directory}/file` });
        },
        'BucketNotFound',
        'Bucket',
      ],
      [
        'a directory that may not be written',
        async () => {
          const directory = path.join(server.files, '..', 'read-only');
          await mkdir(directory, { recursive: true });
          await chmod(directory, 0o555);
          return storageOn(server, { directory });
        },
        'StorageDenied',
        'Write',
      ],
    ];
    it.each(broken)('names %s', async (_, storageOf, reason, failed) => {
      const storage = await storageOf();
      const report = await checkStorage({ id: 'check', storage }, { timeouts: { callMs: 5_000 } });
      expect(report).toMatchObject({ ready: false, reason });
      expect(report.steps.at(-1)).toMatchObject({ name: failed, passed: false, required: true });
      const said = JSON.stringify(report);
      for (const secret of [...secretsOf(storage), 'wrong-secret']) expect(said).not.toContain(secret);
    });

    it('names a server that does not speak SSH', async () => {
      const web = createServer((_, answer) => answer.end('hello'));
      await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', () => resolve()));
      const { port } = web.address() as AddressInfo;
      const report = await checkStorage({ id: 'check', storage: storageOn(server, { port }) });
      expect(report).toMatchObject({ ready: false, reason: 'StorageUnreachable' });
      expect(report.message).toContain('does not speak SSH');
      web.closeAllConnections();
      await new Promise((resolve) => web.close(resolve));
    });

    it('names a server that accepts and says nothing', async () => {
      const silent = createTcpServer((socket) => socket.resume().on('error', () => undefined));
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', () => resolve()));
      const { port } = silent.address() as AddressInfo;
      const timeouts = { callMs: 1_000 };
      const report = await checkStorage({ id: 'check', storage: storageOn(server, { port }) }, { timeouts });
      expect(report).toMatchObject({ ready: false, reason: 'StorageTimeout' });
      await new Promise((resolve) => silent.close(resolve));
    });
  });
});
