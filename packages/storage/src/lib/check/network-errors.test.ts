import { describe, expect, it } from 'vitest';
import { certificateError, handshakeError, networkError } from './network-errors.ts';

const address = { host: 's3.example.com', port: 443, tls: true, http: true };
const failed = (code: string, message = code) => Object.assign(new Error(message), { code });

describe('a connection that fails', () => {
  it.each([
    ['ENOTFOUND', 'StorageUnreachable', 'there is no such host'],
    ['EAI_AGAIN', 'StorageUnreachable', 'the name server does not answer'],
    ['ECONNREFUSED', 'StorageUnreachable', 'nobody listens there'],
    ['ECONNRESET', 'StorageUnreachable', 'cut off'],
    ['ENETUNREACH', 'StorageUnreachable', 'no way leads'],
    ['ETIMEDOUT', 'StorageTimeout', 'nothing answers'],
    ['EMYSTERY', 'StorageUnreachable', 'EMYSTERY'],
  ])('with %s says why and what to change', (code, expected, words) => {
    const error = networkError('Connecting to s3.example.com:443', failed(code));
    expect(error.code).toBe(expected);
    expect(error.message).toMatch(/^Connecting to s3\.example\.com:443 failed: .+; .+\.$/);
    expect(error.message).toContain(words);
  });

  it('is judged by the first of several addresses', () => {
    const error = networkError(
      'Connecting',
      new AggregateError([failed('ECONNREFUSED'), failed('ENETUNREACH')]),
    );
    expect(error.message).toContain('ECONNREFUSED');
  });
});

describe('a handshake that fails', () => {
  it.each([
    ['EPROTO', '0A00010B:SSL routines::wrong version number', 'StorageTlsFailed', 'write http://'],
    [
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
      'alert protocol version',
      'StorageTlsFailed',
      'versions and ciphers',
    ],
    ['ECONNRESET', 'reset', 'StorageUnreachable', 'cut off'],
  ])('with %s says why', (code, message, expected, words) => {
    const error = handshakeError(address, failed(code, message));
    expect(error.code).toBe(expected);
    expect(error.message).toContain(words);
  });
});

describe('a certificate that is refused', () => {
  const shown = {
    validFrom: 'Jan  1 2030',
    validTo: 'Jan  1 2020',
    names: 'DNS:other.example.com, IP Address:10.0.0.1',
  };

  it.each([
    ['CERT_HAS_EXPIRED', 'has expired on Jan  1 2020; renew it'],
    ['CERT_NOT_YET_VALID', "before Jan  1 2030; set this machine's clock"],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'signed by itself; have its authority trusted: NODE_EXTRA_CA_CERTS'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'does not know; have its authority trusted'],
    [
      'ERR_TLS_CERT_ALTNAME_INVALID',
      '(DNS:other.example.com, IP Address:10.0.0.1); use a name that it is for',
    ],
    ['SOMETHING_NEW', '(SOMETHING_NEW)'],
  ])('for %s says so', (reason, words) => {
    const error = certificateError(address, reason, shown);
    expect(error.code).toBe('StorageTlsFailed');
    expect(error.message).toContain(words);
  });
});
