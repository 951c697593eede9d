import { type ErrorCode, TapedeckError } from '@tapedeck/core';
import { isPlainHttp, networkCode } from '../network-codes.ts';
import { bucketRegion } from './s3-region.ts';

/**
 * What S3 and its kin answer, by the error's code
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html). Whatever is not here is judged by
 * its HTTP status, and what that does not tell either stays `Unknown`.
 */
const serviceCodes: Readonly<Record<string, ErrorCode>> = {
  NoSuchUpload: 'UploadGone',
  InvalidPart: 'PartMismatch',
  InvalidPartOrder: 'PartMismatch',
  EntityTooSmall: 'PartMismatch',
  NoSuchKey: 'NotFound',
  NotFound: 'NotFound',
  NoSuchBucket: 'BucketNotFound',
  AccessDenied: 'StorageDenied',
  AllAccessDisabled: 'StorageDenied',
  AccountProblem: 'StorageDenied',
  InvalidObjectState: 'StorageDenied',
  KMSAccessDeniedException: 'EncryptionKeyDenied',
  InvalidAccessKeyId: 'StorageUnauthenticated',
  SignatureDoesNotMatch: 'StorageUnauthenticated',
  ExpiredToken: 'StorageUnauthenticated',
  ExpiredTokenException: 'StorageUnauthenticated',
  InvalidToken: 'StorageUnauthenticated',
  InvalidClientTokenId: 'StorageUnauthenticated',
  // Google's word for an HMAC key that nobody has.
  InvalidSecurity: 'StorageUnauthenticated',
  // VersityGW's word for an access key that nobody has.
  XAdminUserNotFound: 'StorageUnauthenticated',
  UnrecognizedClientException: 'StorageUnauthenticated',
  CredentialsProviderError: 'StorageUnauthenticated',
  PermanentRedirect: 'WrongRegion',
  AuthorizationHeaderMalformed: 'WrongRegion',
  IllegalLocationConstraintException: 'WrongRegion',
  TemporaryRedirect: 'StorageUnavailable',
  RequestTimeTooSkewed: 'ClockSkewed',
  RequestExpired: 'ClockSkewed',
  SlowDown: 'StorageThrottled',
  Throttling: 'StorageThrottled',
  ThrottlingException: 'StorageThrottled',
  TooManyRequests: 'StorageThrottled',
  TooManyRequestsException: 'StorageThrottled',
  RequestLimitExceeded: 'StorageThrottled',
  InternalError: 'StorageUnavailable',
  ServiceUnavailable: 'StorageUnavailable',
  OperationAborted: 'StorageUnavailable',
  RequestTimeout: 'StorageTimeout',
  QuotaExceeded: 'StorageFull',
  XMinioStorageFull: 'StorageFull',
  NotImplemented: 'NotSupported',
  MethodNotAllowed: 'NotSupported',
  InvalidBucketName: 'InvalidManifest',
  InvalidStorageClass: 'InvalidManifest',
  KeyTooLongError: 'InvalidManifest',
  InvalidTag: 'InvalidManifest',
};

const statuses: Readonly<Record<number, ErrorCode>> = {
  301: 'WrongRegion',
  307: 'StorageUnavailable',
  401: 'StorageUnauthenticated',
  403: 'StorageDenied',
  408: 'StorageTimeout',
  429: 'StorageThrottled',
  500: 'StorageUnavailable',
  501: 'NotSupported',
  502: 'StorageUnavailable',
  503: 'StorageUnavailable',
  504: 'StorageUnavailable',
  507: 'StorageFull',
};

/** What to do about an error, to go behind a semicolon. */
export type S3Hints = Partial<Readonly<Record<ErrorCode, string>>>;

const commonHints: S3Hints = {
  BucketNotFound: 'create the bucket, or correct its name',
  StorageUnauthenticated: 'check the access key, the secret key and the session token',
  EncryptionKeyDenied: 'allow kms:GenerateDataKey and kms:Decrypt on the key, or correct encryption.keyId',
  WrongRegion: 'set the region that the bucket is in',
  ClockSkewed: "set this machine's clock",
  StorageUnreachable: 'check the endpoint, DNS and the network in between',
  StorageTlsFailed:
    "check the endpoint's certificate and the certificate authorities that this machine trusts",
  InvalidManifest: 'correct spec.s3 of the storage',
  StorageFull: 'free some space there or raise the quota',
  StorageUnavailable: 'the service is not well: try again later',
  StorageThrottled: 'try again later, or have its limit raised',
};

/** A call to S3 as people know it: `PutObject`, and the IAM action that it needs. */
export interface S3Call {
  readonly operation: string;
  /** E.g. `s3:PutObject`. */
  readonly permission: string;
  /** `s3://bucket/key`. */
  readonly target: string;
  /** In a provider's own words, where it has any. */
  readonly hints?: S3Hints;
}

/** The signal is that of the call: an error after it fired is the abort, whatever it calls itself. */
export function translateS3Error(call: S3Call, error: unknown, signal?: AbortSignal): TapedeckError {
  if (error instanceof TapedeckError) return error;
  const { operation, permission, target } = call;
  const hints = { ...commonHints, StorageDenied: `allow ${permission} there`, ...call.hints };
  if (signal?.aborted) {
    return new TapedeckError('Aborted', `${operation} on ${target} was aborted.`, { cause: error });
  }
  if (isForeign(operation, error)) {
    const message = `${operation} on ${target} failed: what answers there does not speak S3 (${httpStatus(error)}); check the endpoint.`;
    return new TapedeckError('StorageUnreachable', message, { cause: error });
  }
  if (isPlainHttp(error)) {
    const message = `${operation} on ${target} failed: the server speaks HTTP without TLS there; write http:// in the endpoint, or name its TLS port.`;
    return new TapedeckError('StorageTlsFailed', message, { cause: error });
  }
  const code = recognise(error);
  const said = words(error);
  const hint = hintOf(code, error, hints);
  const message = `${operation} on ${target} failed: ${said}${hint === undefined ? '' : `; ${hint}`}.`;
  return new TapedeckError(code, message, { cause: error });
}

/** What is wrong with a key, where it is not that we may not use it: https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html */
const keyHints: Readonly<Record<string, string>> = {
  'KMS.DisabledException': 'enable the key, or name another in encryption.keyId',
  'KMS.KMSInvalidStateException': 'see to the state of the key, or name another in encryption.keyId',
  'KMS.NotFoundException': 'correct encryption.keyId: a key of the same region as the bucket',
};

function hintOf(code: ErrorCode, error: unknown, hints: S3Hints): string | undefined {
  const region = code === 'WrongRegion' ? bucketRegion(error) : undefined;
  if (region !== undefined) return `the bucket is in ${region}: set region: ${region}`;
  return keyHints[textOf(error, 'name') ?? ''] ?? hints[code];
}

/** Statuses of a service that is there, but not well. */
const passing: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/**
 * A web server that is no S3 answers 404 in its own words. An S3 that misses something names it, but for the
 * calls that read one key, where a 404 may come without any words.
 */
function isForeign(operation: string, error: unknown): boolean {
  const status = httpStatus(error) ?? 0;
  // The SDK's words for a body that is no XML, such as a web page.
  if (/Deserialization error/.test(textOf(error, 'message') ?? '')) return !passing.has(status);
  const reads = operation === 'HeadObject' || operation === 'GetObject';
  const name = textOf(error, 'name');
  return !reads && status === 404 && (name === 'NotFound' || name === 'UnknownError');
}

function recognise(error: unknown): ErrorCode {
  const name = textOf(error, 'name');
  const status = httpStatus(error);
  const code = textOf(error, 'code') ?? textOf(error, 'Code');
  if (isKeyRefusal(name, textOf(error, 'message'))) return 'EncryptionKeyDenied';
  for (const known of [name, code]) {
    if (known !== undefined && Object.hasOwn(serviceCodes, known)) return serviceCodes[known] ?? 'Unknown';
  }
  const network = networkCode(error);
  if (network !== undefined) return network;
  // The SDK's words when neither the manifest nor the environment names a region.
  if (textOf(error, 'message') === 'Region is missing') return 'InvalidManifest';
  if (name === 'TimeoutError') return 'StorageTimeout';
  if (status !== undefined && statuses[status] !== undefined) return statuses[status];
  const cause = property(error, 'cause');
  return cause === undefined ? 'Unknown' : recognise(cause);
}

/**
 * S3 hands on what KMS says as `KMS.…`; where the caller may not use the key it is an AccessDenied whose message names
 * the action of KMS (https://repost.aws/knowledge-center/s3-access-denied-error-kms).
 */
function isKeyRefusal(name: string | undefined, message: string | undefined): boolean {
  if (name?.startsWith('KMS.')) return true;
  return name === 'AccessDenied' && /\bkms:[A-Z]\w+/.test(message ?? '');
}

function textOf(error: unknown, name: string): string | undefined {
  const value = property(error, name);
  return typeof value === 'string' ? value : undefined;
}

function property(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}

function httpStatus(error: unknown): number | undefined {
  const metadata = property(error, '$metadata');
  const status = property(metadata, 'httpStatusCode');
  return typeof status === 'number' ? status : undefined;
}

/** The service's own words, without what a URL might carry. */
function words(error: unknown): string {
  const status = httpStatus(error);
  const name = textOf(error, 'name');
  const message = (textOf(error, 'message') ?? String(error))
    .replaceAll(/\?\S*/g, '')
    .trim()
    .replace(/\.$/, '');
  const label = [name === 'Error' ? undefined : name, status].filter((part) => part !== undefined).join(' ');
  if (label === '' || message === '' || message === name)
    return message === '' || label !== '' ? label : message;
  return `${label}: ${message}`;
}
