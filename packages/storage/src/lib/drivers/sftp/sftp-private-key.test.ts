import { generateKeyPairSync } from 'node:crypto';
import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';
import { readPrivateKey } from './sftp-private-key.ts';

const passphrase = 'correct horse';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
const ed = generateKeyPairSync('ed25519');
const cipher = 'aes-256-cbc';
const sealed = { cipher, passphrase } as const;
/** What `ssh-keygen` writes, made by the SSH library. */
const openSsh = (type: 'ed25519' | 'ecdsa', options: object = {}) =>
  ssh2.utils.generateKeyPairSync(type as 'ed25519', { bits: 256, ...options } as object).private;

const forms: [string, string, string | undefined][] = [
  ['an RSA key as PKCS#1', rsa.export({ type: 'pkcs1', format: 'pem' }).toString(), undefined],
  [
    'an encrypted RSA key as PKCS#1',
    rsa.export({ type: 'pkcs1', format: 'pem', ...sealed }).toString(),
    passphrase,
  ],
  ['an RSA key as PKCS#8', rsa.export({ type: 'pkcs8', format: 'pem' }).toString(), undefined],
  [
    'an encrypted RSA key as PKCS#8',
    rsa.export({ type: 'pkcs8', format: 'pem', ...sealed }).toString(),
    passphrase,
  ],
  ['an EC key as SEC1', ec.export({ type: 'sec1', format: 'pem' }).toString(), undefined],
  ['an EC key as PKCS#8', ec.export({ type: 'pkcs8', format: 'pem' }).toString(), undefined],
  [
    'an encrypted EC key as PKCS#8',
    ec.export({ type: 'pkcs8', format: 'pem', ...sealed }).toString(),
    passphrase,
  ],
  ['an Ed25519 key as PKCS#8', ed.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), undefined],
  [
    'an encrypted Ed25519 key as PKCS#8',
    ed.privateKey.export({ type: 'pkcs8', format: 'pem', ...sealed }).toString(),
    passphrase,
  ],
  ['an Ed25519 key of OpenSSH', openSsh('ed25519'), undefined],
  [
    'an encrypted Ed25519 key of OpenSSH',
    openSsh('ed25519', { cipher: 'aes256-ctr', passphrase, rounds: 1 }),
    passphrase,
  ],
  ['an EC key of OpenSSH', openSsh('ecdsa'), undefined],
];

const refused = (text: string, phrase?: string) => {
  try {
    readPrivateKey(text, phrase);
  } catch (error) {
    return error instanceof Error ? { ...error, message: error.message } : {};
  }
  return {};
};

describe('a private key', () => {
  it.each(forms)('is read from %s', (_, text, phrase) => {
    const parsed = ssh2.utils.parseKey(readPrivateKey(text, phrase));
    expect(parsed).not.toBeInstanceOf(Error);
  });

  it.each(forms.filter(([, , phrase]) => phrase !== undefined))(
    'is refused from %s without its passphrase, or with another',
    (_, text) => {
      expect(refused(text)).toMatchObject({
        code: 'InvalidCredentials',
        message: expect.stringContaining('under passphrase'),
      });
      const wrong = refused(text, 'wrong battery');
      expect(wrong).toMatchObject({
        code: 'InvalidCredentials',
        message: expect.stringContaining('cannot be opened with the passphrase'),
      });
      expect(JSON.stringify(wrong)).not.toContain('battery');
    },
  );

  it('signs as the key that it was converted from', () => {
    const text = ed.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const parsed = ssh2.utils.parseKey(readPrivateKey(text, undefined));
    const key = Array.isArray(parsed) ? parsed[0] : parsed;
    if (key === undefined || key instanceof Error) throw new Error('no key');
    const publicBytes = Buffer.from(ed.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
    expect(key.getPublicSSH().subarray(-32).equals(publicBytes)).toBe(true);
  });

  it('may have lost its line ends to an environment variable', () => {
    const text = rsa.export({ type: 'pkcs8', format: 'pem' }).toString().trim();
    expect(readPrivateKey(text.replaceAll('\n', '\\n'), undefined)).toContain('RSA PRIVATE KEY');
    expect(readPrivateKey(text.replaceAll('\n', '\r\n'), undefined)).toContain('RSA PRIVATE KEY');
  });

  it.each([
    [
      'a public key',
      rsa.export({ type: 'pkcs8', format: 'pem' }).toString().replaceAll('PRIVATE', 'PUBLIC'),
      'public key',
    ],
    ['a line of authorized_keys', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHidden', 'no private key'],
    ['a path', '/home/me/.ssh/id_ed25519', 'no private key'],
    ['half a key', rsa.export({ type: 'pkcs1', format: 'pem' }).toString().slice(0, 300), 'broken'],
    ['half a key of PKCS#8', rsa.export({ type: 'pkcs8', format: 'pem' }).toString().slice(0, 300), 'broken'],
    [
      'a key that SSH does not know',
      generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      'x25519',
    ],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----', 'certificate'],
  ])('is not %s', (_, text, word) => {
    const error = refused(text);
    expect(error).toMatchObject({ code: 'InvalidCredentials', message: expect.stringContaining(word) });
    for (const line of text.split('\n').filter((line) => line.length > 20 && !line.startsWith('-----')))
      expect(JSON.stringify(error)).not.toContain(line.slice(0, 20));
  });
});
