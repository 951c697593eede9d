import { expect, it } from 'vitest';
import { isPlainHttp, networkCode } from './network-codes.ts';

const failure = (code: unknown, message = 'failed') => Object.assign(new Error(message), { code });

it.each([
  ['ECONNREFUSED', 'StorageUnreachable'],
  ['EHOSTDOWN', 'StorageUnreachable'],
  ['ETIMEDOUT', 'StorageTimeout'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'StorageTlsFailed'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'StorageTlsFailed'],
  ['CERT_HAS_EXPIRED', 'StorageTlsFailed'],
  ['CERT_REVOKED', 'StorageTlsFailed'],
  ['toString', undefined],
  ['NoSuchKey', undefined],
  [3, undefined],
])('%s is %s', (code, expected) => {
  expect(networkCode(failure(code))).toBe(expected);
});

it.each([undefined, null, 'ECONNREFUSED', new Error('', { cause: failure('ECONNREFUSED') })])(
  'is not seen in %o',
  (error) => {
    expect(networkCode(error)).toBeUndefined();
  },
);

it('tells a server without TLS from one whose TLS is broken', () => {
  expect(isPlainHttp(failure('EPROTO', 'error:0A00010B:SSL routines::wrong version number'))).toBe(true);
  expect(isPlainHttp(failure('EPROTO', 'error:0A000410:SSL routines::handshake failure'))).toBe(false);
});
