import { type ErrorCode, TapedeckError } from '@tapedeck/core';
import { tokenFailure } from './azure-identity-errors.ts';
import { networkFailure } from './azure-network.ts';

/**
 * What the service answers, by the error's code
 * (https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes). Whatever is not here is judged
 * by its HTTP status, and what that does not tell either stays `Unknown`.
 */
const serviceCodes: Readonly<Record<string, ErrorCode>> = {
  ContainerNotFound: 'BucketNotFound',
  ContainerBeingDeleted: 'BucketNotFound',
  ResourceNotFound: 'BucketNotFound',
  BlobNotFound: 'NotFound',
  BlobAlreadyExists: 'AlreadyExists',
  // The only condition that we set on a write is that there is nothing yet.
  ConditionNotMet: 'AlreadyExists',
  // A SAS that allows to create (c) but not to write (w).
  UnauthorizedBlobOverwrite: 'AlreadyExists',
  InvalidBlockList: 'PartMismatch',
  InvalidBlobOrBlock: 'PartMismatch',
  BlockCountExceedsLimit: 'NotSupported',
  BlockListTooLong: 'NotSupported',
  BlobArchived: 'NotSupported',
  InvalidBlobType: 'AlreadyExists',
  AuthenticationFailed: 'StorageUnauthenticated',
  InvalidAuthenticationInfo: 'StorageUnauthenticated',
  NoAuthenticationInformation: 'StorageUnauthenticated',
  AccountIsDisabled: 'StorageDenied',
  AuthorizationFailure: 'StorageDenied',
  AuthorizationPermissionMismatch: 'StorageDenied',
  AuthorizationProtocolMismatch: 'StorageDenied',
  AuthorizationResourceTypeMismatch: 'StorageDenied',
  AuthorizationServiceMismatch: 'StorageDenied',
  AuthorizationSourceIPMismatch: 'StorageDenied',
  BlobImmutableDueToLegalHold: 'StorageDenied',
  BlobImmutableDueToPolicy: 'StorageDenied',
  ContainerDisabled: 'StorageDenied',
  InsufficientAccountPermissions: 'StorageDenied',
  KeyBasedAuthenticationNotPermitted: 'StorageDenied',
  LeaseIdMissing: 'StorageDenied',
  // The key is the account's, kept in a key vault.
  KeyVaultAccessTokenCannotBeAcquired: 'EncryptionKeyDenied',
  KeyVaultEncryptionKeyNotFound: 'EncryptionKeyDenied',
  KeyVaultVaultNotFound: 'EncryptionKeyDenied',
  PublicAccessNotPermitted: 'StorageDenied',
  InvalidResourceName: 'InvalidManifest',
  OutOfRangeInput: 'InvalidManifest',
  // The bytes changed on the way; the next time they may not.
  Md5Mismatch: 'StorageUnavailable',
  InternalError: 'StorageUnavailable',
  OperationTimedOut: 'StorageTimeout',
  ServerBusy: 'StorageThrottled',
};

const statuses: Readonly<Record<number, ErrorCode>> = {
  401: 'StorageUnauthenticated',
  403: 'StorageDenied',
  408: 'StorageTimeout',
  429: 'StorageThrottled',
  500: 'StorageUnavailable',
  501: 'NotSupported',
  502: 'StorageUnavailable',
  503: 'StorageUnavailable',
  504: 'StorageUnavailable',
};

/** What to do, where the service's code says more than ours. */
const serviceHints: Readonly<Record<string, string>> = {
  AuthorizationFailure:
    "let this machine's network through the account's firewall, or allow its identity there",
  AuthorizationProtocolMismatch: 'the SAS allows https only',
  AuthorizationSourceIPMismatch: 'the SAS allows other addresses only',
  BlobArchived: 'bring the blob back from the archive tier first',
  BlockCountExceedsLimit: 'split the recording more often, or let durability be longer',
  LeaseIdMissing: 'somebody holds a lease on the blob; end it',
  KeyBasedAuthenticationNotPermitted:
    'the account takes no keys; give a service principal or workload identity',
};

const hints: Partial<Record<ErrorCode, string>> = {
  AlreadyExists: 'nothing that is there is replaced; choose another name',
  EncryptionKeyDenied: 'let the account reach its encryption key in the key vault again',
  BucketNotFound: 'create the container, or correct its name',
  StorageUnauthenticated:
    'check the account, and its key, SAS (and when that ends) or identity in the credentials',
  ClockSkewed: "set this machine's clock",
  StorageUnreachable: 'check the account, the endpoint, DNS and the network in between',
  StorageTlsFailed:
    "check the endpoint's certificate and the certificate authorities that this machine trusts",
  InvalidManifest: 'correct spec.azureBlob of the storage',
};

/** The service takes no request whose date is more than 15 minutes from its own. */
const MAX_SKEW_MS = 15 * 60 * 1000;

/** A call as the service's documentation names it, `Put Block`, and what it needs. */
export interface AzureCall {
  readonly operation: string;
  /** An action of a role and the letter of a SAS. */
  readonly permission: string;
  /** The blob's address. */
  readonly target: string;
}

/** The signal is that of the call: an error after it fired is the abort, whatever it calls itself. */
export function translateAzureError(call: AzureCall, error: unknown, signal?: AbortSignal): TapedeckError {
  if (error instanceof TapedeckError) return error;
  const { operation, permission, target } = call;
  const fail = (code: ErrorCode, what: string) =>
    new TapedeckError(code, `${operation} on ${target} ${what}.`, { cause: withoutRequest(error) });
  if (signal?.aborted) return fail('Aborted', 'was aborted');
  if (isForeign(error)) {
    const status = statusOf(error) ?? 'no status';
    const what = `failed: what answers there does not speak Azure Blob Storage (${status}); check the endpoint`;
    return fail('StorageUnreachable', what);
  }
  const { code, isPlainHttp, hint: known } = recognise(error);
  if (isPlainHttp) {
    const what =
      'failed: the server speaks HTTP without TLS there; write http:// in the endpoint, or name its TLS port';
    return fail(code, what);
  }
  const own = code === 'StorageDenied' ? `allow ${permission} there` : hints[code];
  const hint = known ?? serviceHints[reason(error) ?? ''] ?? own;
  return fail(code, `failed: ${words(error)}${hint === undefined ? '' : `; ${hint}`}`);
}

/** Statuses of a service that is there, but not well. */
const passing: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** The service gives each answer an id; a web server that is something else does not. */
function isForeign(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined || passing.has(status)) return false;
  return header(error, 'x-ms-request-id') === undefined && property(error, 'response') !== undefined;
}

function recognise(error: unknown): {
  readonly code: ErrorCode;
  readonly hint?: string;
  readonly isPlainHttp?: boolean;
} {
  const name = reason(error);
  if (name !== undefined && Object.hasOwn(serviceCodes, name)) {
    const code = serviceCodes[name] ?? 'Unknown';
    return { code: code === 'StorageUnauthenticated' && isSkewed(error) ? 'ClockSkewed' : code };
  }
  const known = networkFailure(error) ?? tokenFailure(error);
  if (known !== undefined) return known;
  const status = statusOf(error);
  return { code: (status !== undefined && statuses[status]) || 'Unknown' };
}

/** The emulator says of a wrong signature what Azure says of a closed network, in the words of Azure's right code. */
function reason(error: unknown): string | undefined {
  const code = serviceCode(error);
  const isSignature = /^Server failed to authenticate/.test(textOf(error, 'message') ?? '');
  return code === 'AuthorizationFailure' && isSignature ? 'AuthenticationFailed' : code;
}

function isSkewed(error: unknown): boolean {
  const theirs = Date.parse(header(error, 'date') ?? '');
  return Math.abs(theirs - Date.now()) > MAX_SKEW_MS;
}

/** The header is there even where an answer has no body. */
function serviceCode(error: unknown): string | undefined {
  return header(error, 'x-ms-error-code') ?? textOf(error, 'code');
}

/** Their own words: the first line, for the next ones are ids; without what a URL might carry. */
function words(error: unknown): string {
  const [line = ''] = (textOf(error, 'message') ?? String(error)).trim().split('\n');
  const message = line.replaceAll(/\?\S*/g, '').trim().replace(/[.,]$/, '').slice(0, 300);
  const label = [serviceCode(error), statusOf(error)].filter((part) => part !== undefined).join(' ');
  if (label === '' || message === '') return label || message || 'no reason was given';
  return message.includes(label) ? message : `${label}: ${message}`;
}

/** The SDK's errors hold the request, and with it the signature. */
function withoutRequest(error: unknown): Error {
  const bare = new Error(words(error));
  const [code, stack] = [textOf(error, 'code'), textOf(error, 'stack')?.split('\n').slice(1).join('\n')];
  return Object.assign(bare, code !== undefined && { code }, {
    stack: `${bare.name}: ${bare.message}\n${stack}`,
  });
}

function header(error: unknown, name: string): string | undefined {
  const headers = property(property(error, 'response'), 'headers');
  const get = property(headers, 'get');
  const value: unknown = typeof get === 'function' ? Reflect.apply(get, headers, [name]) : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function statusOf(error: unknown): number | undefined {
  const status = property(error, 'statusCode');
  return typeof status === 'number' ? status : undefined;
}

function textOf(error: unknown, name: string): string | undefined {
  const value = property(error, name);
  return typeof value === 'string' ? value : undefined;
}

function property(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}
