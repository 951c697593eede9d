import type { ErrorCode } from '@tapedeck/core';

/** Errors of node's sockets, name resolution and TLS. */
const networkCodes: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'StorageUnreachable',
  ECONNRESET: 'StorageUnreachable',
  ECONNABORTED: 'StorageUnreachable',
  EPIPE: 'StorageUnreachable',
  ENOTFOUND: 'StorageUnreachable',
  EAI_AGAIN: 'StorageUnreachable',
  EHOSTUNREACH: 'StorageUnreachable',
  EHOSTDOWN: 'StorageUnreachable',
  ENETUNREACH: 'StorageUnreachable',
  ENETDOWN: 'StorageUnreachable',
  EADDRNOTAVAIL: 'StorageUnreachable',
  ETIMEDOUT: 'StorageTimeout',
  ESOCKETTIMEDOUT: 'StorageTimeout',
  EPROTO: 'StorageTlsFailed',
  CERT_HAS_EXPIRED: 'StorageTlsFailed',
  CERT_NOT_YET_VALID: 'StorageTlsFailed',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'StorageTlsFailed',
  SELF_SIGNED_CERT_IN_CHAIN: 'StorageTlsFailed',
  UNABLE_TO_GET_ISSUER_CERT: 'StorageTlsFailed',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'StorageTlsFailed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'StorageTlsFailed',
};

/** Undefined for an error of another kind. Looks at the causes, too: who asks for tokens wraps what it met. */
export function networkCode(
  error: unknown,
): { readonly code: ErrorCode; readonly isPlainHttp?: boolean } | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const code: unknown = Reflect.get(error, 'code');
  if (typeof code === 'string') {
    if (Object.hasOwn(networkCodes, code)) {
      // OpenSSL's words when the first bytes of an answer are no TLS record.
      const isPlainHttp =
        code === 'EPROTO' && /wrong version number/.test(String(Reflect.get(error, 'message')));
      return { code: networkCodes[code] ?? 'Unknown', isPlainHttp };
    }
    if (code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_')) return { code: 'StorageTlsFailed' };
  }
  return networkCode(Reflect.get(error, 'cause'));
}
