import type { ExternalStorageSpec } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { readSftpConfig } from './sftp-config.ts';

const login = { username: 'tapedeck', password: 'hidden-password' };
const spec = (sftp: Partial<NonNullable<ExternalStorageSpec['sftp']>> = {}): ExternalStorageSpec => ({
  provider: 'SFTP',
  sftp: { host: 'files.example.com', ...sftp },
});

describe('the configuration of an SFTP server', () => {
  it('has port 22, the directory of the login, and no key to trust, where nothing else is said', () => {
    expect(readSftpConfig(spec(), login)).toEqual({
      host: 'files.example.com',
      port: 22,
      username: 'tapedeck',
      login: { password: 'hidden-password' },
      hostKeys: [],
      trustOnFirstUse: false,
      directory: '',
    });
  });

  it.each([
    ['/recordings', '/recordings'],
    ['/recordings/', '/recordings'],
    ['recordings//', 'recordings'],
    ['/', '/'],
    ['', ''],
  ])('takes the directory %j as %j', (directory, expected) => {
    expect(readSftpConfig(spec({ directory }), login).directory).toBe(expected);
  });

  it('takes an IPv6 address with brackets or without', () => {
    expect(readSftpConfig(spec({ host: '[2001:db8::1]' }), login).host).toBe('2001:db8::1');
    expect(readSftpConfig(spec({ host: '2001:db8::1' }), login).host).toBe('2001:db8::1');
  });

  it.each([
    ['no user name', { password: 'hidden-password' }, 'username'],
    ['neither password nor key', { username: 'tapedeck' }, 'password or privateKey'],
    ['an empty password', { username: 'tapedeck', password: '' }, 'password or privateKey'],
    [
      'a key under the name of a password',
      { username: 'tapedeck', password: '-----BEGIN OPENSSH PRIVATE KEY-----\nhidden-key' },
      'call it privateKey',
    ],
    ['a key that is none', { username: 'tapedeck', privateKey: 'hidden-key' }, 'no private key'],
  ])('refuses %s, and shows none of it', (_, credentials, word) => {
    const read = () => readSftpConfig(spec(), credentials as Record<string, string>);
    expect(read).toThrow(expect.objectContaining({ code: 'InvalidCredentials' }));
    expect(read).toThrow(word);
    expect(read).not.toThrow(/hidden/);
  });

  it.each([
    [{ host: 'sftp://files.example.com' }, 'spec.sftp.host'],
    [{ host: 'me@files.example.com' }, 'spec.sftp.host'],
    [{ directory: '~/recordings' }, 'spec.sftp.directory'],
    [{ hostKeys: ['SHA256:short'] }, 'spec.sftp.hostKeys[0]'],
  ])('refuses %j by name', (sftp, name) => {
    const read = () => readSftpConfig(spec(sftp), login);
    expect(read).toThrow(expect.objectContaining({ code: 'InvalidManifest' }));
    expect(read).toThrow(name);
  });
});
