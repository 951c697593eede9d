import { TapedeckError } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { isAmbiguous } from '../../retry-policy.ts';
import { translateSftpError } from './sftp-errors.ts';

const call = { what: 'Writing sftp://files.example.com:22/a.mp4', needs: 'write there' };
const error = (message: string, code?: number | string) =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

describe('what an SFTP server says', () => {
  it.each([
    [error('No such file', 2), 'NotFound'],
    [error('Permission denied', 3), 'StorageDenied'],
    [error('Failure', 4), 'Unknown'],
    [error('write: No space left on device', 4), 'StorageFull'],
    [error('Disk quota exceeded', 4), 'StorageFull'],
    [error('Bad message', 5), 'InvalidManifest'],
    [error('Connection lost', 7), 'StorageUnreachable'],
    [error('Operation unsupported', 8), 'NotSupported'],
    [error('No space on filesystem', 14), 'StorageFull'],
    [error('Quota exceeded', 15), 'StorageFull'],
    [error('connect ECONNREFUSED 192.0.2.1:22', 'ECONNREFUSED'), 'StorageUnreachable'],
    [error('getaddrinfo ENOTFOUND files', 'ENOTFOUND'), 'StorageUnreachable'],
    [error('read ECONNRESET', 'ECONNRESET'), 'StorageUnreachable'],
    [error('connect ETIMEDOUT', 'ETIMEDOUT'), 'StorageTimeout'],
    [error('All configured authentication methods failed'), 'StorageUnauthenticated'],
    [error('Timed out while waiting for handshake'), 'StorageTimeout'],
    [error('Keepalive timeout'), 'StorageTimeout'],
    [error('Connection lost before handshake'), 'StorageUnreachable'],
    [error('Handshake failed: no matching host key format'), 'StorageUnreachable'],
    [error('Unable to start subsystem: sftp'), 'StorageDenied'],
    [error('No response from server'), 'StorageUnreachable'],
    [error('something new'), 'Unknown'],
  ])('%s is the code %s', (said, code) => {
    const translated = translateSftpError(call, said);
    expect(translated).toMatchObject({ code, cause: said });
    expect(translated.message.startsWith(`${call.what} failed: `)).toBe(true);
  });

  it('is passed on as it is when it is one of ours', () => {
    const ours = new TapedeckError('UploadGone', 'It is gone.');
    expect(translateSftpError(call, ours)).toBe(ours);
  });

  it('is an abort once the signal has fired', () => {
    const late = translateSftpError(call, new TapedeckError('Unknown', 'late'), AbortSignal.abort());
    expect(late.code).toBe('Aborted');
  });

  it('names what the user must be able to do where it is denied', () => {
    expect(translateSftpError(call, error('Permission denied', 3)).message).toContain('write there');
  });

  it('leaves no doubt that nothing arrived where there was no connection', () => {
    expect(isAmbiguous(translateSftpError(call, error('refused', 'ECONNREFUSED')))).toBe(false);
    expect(isAmbiguous(translateSftpError(call, error('reset', 'ECONNRESET')))).toBe(true);
    expect(isAmbiguous(translateSftpError(call, error('Connection lost')))).toBe(true);
  });
});
