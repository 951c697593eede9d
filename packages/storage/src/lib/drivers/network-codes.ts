import type { ErrorCode } from '@tapedeck/core';

/**
 * Errors of node's sockets, name resolution and TLS (https://nodejs.org/api/errors.html#common-system-errors,
 * https://nodejs.org/api/tls.html#x509-certificate-error-codes).
 */
const codes: Readonly<Record<string, ErrorCode>> = {
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
  DEPTH_ZERO_SELF_SIGNED_CERT: 'StorageTlsFailed',
  SELF_SIGNED_CERT_IN_CHAIN: 'StorageTlsFailed',
  UNABLE_TO_GET_ISSUER_CERT: 'StorageTlsFailed',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'StorageTlsFailed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'StorageTlsFailed',
  INVALID_CA: 'StorageTlsFailed',
  INVALID_PURPOSE: 'StorageTlsFailed',
};

/** How what else goes wrong with TLS and certificates begins. */
const tlsPrefixes = ['ERR_TLS_', 'ERR_SSL_', 'CERT_'] as const;

/** Undefined for an error of another kind. Does not look at its causes. */
export function networkCode(error: unknown): ErrorCode | undefined {
  const code = textOf(error, 'code');
  if (code === undefined) return undefined;
  if (Object.hasOwn(codes, code)) return codes[code];
  return tlsPrefixes.some((prefix) => code.startsWith(prefix)) ? 'StorageTlsFailed' : undefined;
}

/** OpenSSL's words when the first bytes of an answer are no TLS record. */
export function isPlainHttp(error: unknown): boolean {
  return textOf(error, 'code') === 'EPROTO' && /wrong version number/.test(textOf(error, 'message') ?? '');
}

function textOf(error: unknown, name: string): string | undefined {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
  return typeof value === 'string' ? value : undefined;
}
