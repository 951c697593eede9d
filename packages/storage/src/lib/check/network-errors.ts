import { type ErrorCode, TapedeckError } from '@tapedeck/core';
import { describeAddress, type NetworkAddress } from './network-address.ts';

/** What a failure on the way to a service means, and what to change. */
interface Meaning {
  readonly code: ErrorCode;
  readonly words: string;
  readonly hint: string;
}

const dnsHint =
  'correct the host name (an account or a region may be part of it), or check the DNS of this machine';
const netHint = 'check the address, firewalls and network policies in between';
const trustHint =
  'have its authority trusted: NODE_EXTRA_CA_CERTS=/path/to/ca.pem in the environment of whoever records';

/** https://nodejs.org/api/errors.html#common-system-errors and getaddrinfo(3). */
const system: Readonly<Record<string, Meaning>> = {
  ENOTFOUND: { code: 'StorageUnreachable', words: 'there is no such host', hint: dnsHint },
  ENODATA: { code: 'StorageUnreachable', words: 'the host has no address', hint: dnsHint },
  EAI_AGAIN: {
    code: 'StorageUnreachable',
    words: 'the name server does not answer',
    hint: 'check the DNS and the network of this machine',
  },
  ECONNREFUSED: {
    code: 'StorageUnreachable',
    words: 'nobody listens there',
    hint: 'correct the port in the endpoint, or start the server',
  },
  ECONNRESET: {
    code: 'StorageUnreachable',
    words: 'the connection is cut off at once',
    hint: 'check whether the port is right, and what stands in between (load balancer, firewall)',
  },
  EHOSTUNREACH: { code: 'StorageUnreachable', words: 'no way leads to the host', hint: netHint },
  ENETUNREACH: { code: 'StorageUnreachable', words: 'no way leads to its network', hint: netHint },
  EACCES: { code: 'StorageUnreachable', words: 'this machine does not let us out', hint: netHint },
  EPERM: { code: 'StorageUnreachable', words: 'this machine does not let us out', hint: netHint },
  ETIMEDOUT: { code: 'StorageTimeout', words: 'nothing answers', hint: netHint },
};

/** https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const certificate: Readonly<Record<string, Omit<Meaning, 'code'>>> = {
  CERT_HAS_EXPIRED: { words: 'its certificate has expired', hint: 'renew it there' },
  CERT_NOT_YET_VALID: {
    words: 'its certificate is not valid yet',
    hint: "set this machine's clock, or replace the certificate",
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: { words: 'its certificate is signed by itself', hint: trustHint },
  SELF_SIGNED_CERT_IN_CHAIN: {
    words: 'its certificate comes from an authority that this machine does not know',
    hint: trustHint,
  },
  UNABLE_TO_GET_ISSUER_CERT: { words: 'the chain of its certificates has a gap', hint: trustHint },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
    words: 'its certificate comes from an authority that this machine does not know',
    hint: trustHint,
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    words: 'it does not show who signed its certificate',
    hint: `have the server send the whole chain, or ${trustHint}`,
  },
  CERT_REVOKED: { words: 'its certificate was revoked', hint: 'replace it there' },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    words: 'its certificate is for another name',
    hint: 'use a name that it is for, or replace it',
  },
};

/** A failed look-up or connection. `what`: `Looking up HOST`, `Connecting to HOST:PORT`. */
export function networkError(what: string, cause: unknown): TapedeckError {
  const code = codeOf(cause);
  const known = code === undefined ? undefined : system[code];
  if (known === undefined) {
    const words = cause instanceof Error ? cause.message : String(cause);
    return new TapedeckError('StorageUnreachable', `${what} failed: ${words}; ${netHint}.`, { cause });
  }
  return new TapedeckError(known.code, `${what} failed: ${known.words} (${code}); ${known.hint}.`, { cause });
}

/** A handshake that ended without a session. */
export function handshakeError(address: NetworkAddress, cause: unknown): TapedeckError {
  const what = `The TLS handshake with ${describeAddress(address)}`;
  const code = codeOf(cause);
  // OpenSSL's words when what comes is no TLS record.
  const plain = cause instanceof Error && /wrong version number|packet length too long/.test(cause.message);
  if (plain) {
    const hint = 'write http:// in the endpoint, or name its TLS port';
    return new TapedeckError('StorageTlsFailed', `${what} failed: the server speaks no TLS there; ${hint}.`, {
      cause,
    });
  }
  if (code !== undefined && Object.hasOwn(system, code)) return networkError(what, cause);
  const words = cause instanceof Error ? cause.message : String(cause);
  const hint = 'check which versions and ciphers the server offers';
  return new TapedeckError('StorageTlsFailed', `${what} failed: ${words}; ${hint}.`, { cause });
}

/** What is known of a certificate that was not accepted. */
export interface ShownCertificate {
  readonly validFrom?: string | undefined;
  readonly validTo?: string | undefined;
  /** As in the certificate: `DNS:a.example.com, IP Address:10.0.0.1`. */
  readonly names?: string | undefined;
}

/** A certificate is checked by us, after the handshake, so that what it says can be told. */
export function certificateError(
  address: NetworkAddress,
  reason: string,
  shown: ShownCertificate,
): TapedeckError {
  const meaning = certificate[reason] ?? { words: `its certificate is refused (${reason})`, hint: trustHint };
  const detail =
    reason === 'CERT_HAS_EXPIRED' && shown.validTo !== undefined
      ? ` on ${shown.validTo}`
      : reason === 'CERT_NOT_YET_VALID' && shown.validFrom !== undefined
        ? ` before ${shown.validFrom}`
        : reason === 'ERR_TLS_CERT_ALTNAME_INVALID' && shown.names !== undefined
          ? ` (${shown.names.slice(0, 200)})`
          : '';
  const message = `${describeAddress(address)} is not trusted: ${meaning.words}${detail}; ${meaning.hint}.`;
  return new TapedeckError('StorageTlsFailed', message);
}

/** Somebody took the connection and said nothing, or nobody took it. */
export function silence(what: string, seconds: number, hint: string = netHint): TapedeckError {
  return new TapedeckError('StorageTimeout', `${what} failed: nothing came for ${seconds} s; ${hint}.`);
}

/** Several addresses of one host are tried in turn; the first one's failure stands for all. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error instanceof AggregateError ? codeOf(error.errors[0]) : undefined;
}
