import { generateKeyPairSync } from 'node:crypto';
import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';
import { describeHostKey, hostKeyAlgorithms, isPinned, parseHostKey } from './sftp-host-key.ts';

const at = 'spec.sftp.hostKeys[0]';
const keyOf = (line: string) => Buffer.from(line.split(' ')[1] ?? '', 'base64');
const makeLine = () => ssh2.utils.generateKeyPairSync('ed25519').public.split(' ').slice(0, 2).join(' ');
const line = makeLine();
const key = keyOf(line);
const { fingerprint } = describeHostKey(key);
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsaParsed = ssh2.utils.parseKey(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
const rsa = Array.isArray(rsaParsed) ? rsaParsed[0] : rsaParsed;
if (rsa === undefined || rsa instanceof Error) throw new Error('no key');
const rsaLine = `ssh-rsa ${rsa.getPublicSSH().toString('base64')}`;

describe('a host key', () => {
  it.each([
    ['alone', line],
    ['with a comment', `${line} root@files`],
    ['as a line of known_hosts', `files.example.com,192.0.2.1 ${line}`],
    ['as a line of known_hosts with a port', `[files.example.com]:2222 ${line} a comment`],
    [
      'as a line of known_hosts with a hashed name',
      `|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ${line}`,
    ],
    ['as a fingerprint', fingerprint],
    ['as a padded fingerprint', `${fingerprint}=`],
    ['with space around it', `\n ${line} \n`],
  ])('is known %s', (_, entry) => {
    const pins = [parseHostKey(entry, at)];
    expect(isPinned(pins, key)).toBe(true);
    expect(isPinned(pins, keyOf(makeLine()))).toBe(false);
  });

  it.each([
    ['nothing', ''],
    ['a word', 'ed25519'],
    ['a fingerprint of MD5', 'MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48'],
    ['half a fingerprint', 'SHA256:abc'],
    ['a type without its key', 'ssh-ed25519'],
    ['a key under another type', `ssh-rsa ${line.split(' ')[1]}`],
    ['a revoked one', `@revoked files.example.com ${line}`],
    ['an authority', `@cert-authority *.example.com ${line}`],
  ])('is not %s', (_, entry) => {
    expect(() => parseHostKey(entry, at)).toThrow(expect.objectContaining({ code: 'InvalidManifest' }));
    expect(() => parseHostKey(entry, at)).toThrow(at);
  });

  it('is shown as a person would pin it', () => {
    expect(describeHostKey(key)).toEqual({ type: 'ssh-ed25519', fingerprint, line });
    expect(fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  });

  it('is asked for in the types that are pinned, since a server shows only one', () => {
    expect(hostKeyAlgorithms([])[0]).toBe('ssh-ed25519');
    expect(hostKeyAlgorithms([parseHostKey(rsaLine, at)]).slice(0, 3)).toEqual([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-rsa',
    ]);
    const all = hostKeyAlgorithms([parseHostKey(rsaLine, at), parseHostKey(line, at)]);
    expect(all[0]).toBe('ssh-ed25519');
    expect(new Set(all).size).toBe(all.length);
  });
});
