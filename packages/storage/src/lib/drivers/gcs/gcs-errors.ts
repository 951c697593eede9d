import { type ErrorCode, TapedeckError } from '@tapedeck/core';
import { isPlainHttp, networkCode } from '../network-codes.ts';
import { xmlText } from './gcs-xml.ts';

/** A call to Cloud Storage as people know it. */
export interface GcsCall {
  /** By its name in Google's reference, e.g. `Upload part`. */
  readonly operation: string;
  /** E.g. `storage.objects.create`. */
  readonly permission: string;
  /** `gs://bucket/key`. */
  readonly target: string;
  /** The only thing that can be missing is the bucket. */
  readonly needsOnlyBucket?: boolean;
  /** It reads one object: that there is none is said in any words. */
  readonly readsObject?: boolean;
  /** It is about an open session: what is missing is that one. */
  readonly isSession?: boolean;
}

/** An answer that is no success. */
export class GcsRefusal extends Error {
  readonly status: number;
  /** The service's word for it; undefined where the answer is none of Cloud Storage's. */
  readonly reason: string | undefined;

  constructor(status: number, reason: string | undefined, message: string) {
    super(message);
    this.name = 'GcsRefusal';
    this.status = status;
    this.reason = reason;
  }
}

/** Error bodies are XML or JSON, by the API that was called. */
export function refusalOf(status: number, text: string): GcsRefusal {
  if (/^\s*(<\?xml[^>]*>\s*)?<Error>/.test(text)) {
    const words = [xmlText(text, 'Message'), xmlText(text, 'Details')].filter((part) => part !== undefined);
    return new GcsRefusal(status, xmlText(text, 'Code'), words.join(' '));
  }
  const json = readJsonError(text);
  return new GcsRefusal(status, json?.reason, json?.message ?? '');
}

/** https://cloud.google.com/storage/docs/json_api/v1/status-codes: `error.errors[0]`, or `error` alone. */
function readJsonError(text: string): { reason: string; message: string } | undefined {
  try {
    const error = property(JSON.parse(text), 'error');
    if (typeof error !== 'object' || error === null) return undefined;
    const errors = property(error, 'errors');
    const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
    const reason = textOf(first, 'reason') ?? String(property(error, 'code') ?? 'error');
    return { reason, message: textOf(error, 'message') ?? '' };
  } catch {
    return undefined; // Not JSON.
  }
}

/**
 * By the code of the XML API (https://cloud.google.com/storage/docs/xml-api/reference-status) and the reason of the
 * JSON API. Whatever is not here is judged by its HTTP status, and what that does not tell either stays `Unknown`.
 */
const reasons: Readonly<Record<string, ErrorCode>> = {
  NoSuchUpload: 'UploadGone',
  InvalidPart: 'PartMismatch',
  InvalidPartOrder: 'PartMismatch',
  EntityTooSmall: 'PartMismatch',
  NoSuchBucket: 'BucketNotFound',
  NoSuchKey: 'NotFound',
  PreconditionFailed: 'AlreadyExists',
  conditionNotMet: 'AlreadyExists',
  AccessDenied: 'StorageDenied',
  forbidden: 'StorageDenied',
  insufficientPermissions: 'StorageDenied',
  accountDisabled: 'StorageDenied',
  retentionPolicyNotMet: 'StorageDenied',
  objectUnderActiveHold: 'StorageDenied',
  AccountProblem: 'StorageDenied',
  UserProjectAccessDenied: 'StorageDenied',
  AuthenticationRequired: 'StorageUnauthenticated',
  ExpiredToken: 'StorageUnauthenticated',
  InvalidSecurity: 'StorageUnauthenticated',
  SignatureDoesNotMatch: 'StorageUnauthenticated',
  authError: 'StorageUnauthenticated',
  RequestTimeTooSkewed: 'ClockSkewed',
  PermanentRedirect: 'WrongRegion',
  SlowDown: 'StorageThrottled',
  rateLimitExceeded: 'StorageThrottled',
  userRateLimitExceeded: 'StorageThrottled',
  InternalError: 'StorageUnavailable',
  ServiceUnavailable: 'StorageUnavailable',
  backendError: 'StorageUnavailable',
  OperationAborted: 'StorageUnavailable',
  RequestTimeout: 'StorageTimeout',
  quotaExceeded: 'StorageFull',
  NotImplemented: 'NotSupported',
  MethodNotAllowed: 'NotSupported',
  InvalidBucketName: 'InvalidManifest',
  KeyTooLong: 'InvalidManifest',
};

const statuses: Readonly<Record<number, ErrorCode>> = {
  401: 'StorageUnauthenticated',
  403: 'StorageDenied',
  404: 'NotFound',
  408: 'StorageTimeout',
  412: 'AlreadyExists',
  429: 'StorageThrottled',
  500: 'StorageUnavailable',
  501: 'NotSupported',
  502: 'StorageUnavailable',
  503: 'StorageUnavailable',
  504: 'StorageUnavailable',
};

const hints: Partial<Record<ErrorCode, string>> = {
  BucketNotFound: 'create the bucket, or correct its name',
  StorageUnauthenticated: 'check the key of the service account, or the identity that this machine has',
  ClockSkewed: "set this machine's clock",
  StorageUnreachable: 'check the endpoint, DNS and the network in between',
  StorageTlsFailed:
    "check the endpoint's certificate and the certificate authorities that this machine trusts",
  InvalidManifest: 'correct spec.gcs of the storage',
  StorageFull: 'free some space there or raise the quota',
  AlreadyExists: 'there is an object of that name, and it may not be replaced',
};

/** The signal is that of the call: an error after it fired is the abort, whatever it calls itself. */
export function translateGcsError(call: GcsCall, error: unknown, signal?: AbortSignal): TapedeckError {
  if (error instanceof TapedeckError) return error;
  const { operation, permission, target } = call;
  if (signal?.aborted) {
    return new TapedeckError('Aborted', `${operation} on ${target} was aborted.`, { cause: error });
  }
  const fail = (code: ErrorCode, said: string, hint = hints[code]) =>
    new TapedeckError(code, `${operation} on ${target} failed: ${said}${hint ? `; ${hint}` : ''}.`, {
      cause: error,
    });
  if (isForeign(call, error)) {
    const said = `what answers there does not speak Cloud Storage (${error.status})`;
    return fail('StorageUnreachable', said, 'check the endpoint');
  }
  if (isPlainHttp(error)) {
    const said = 'the server speaks HTTP without TLS there';
    return fail('StorageTlsFailed', said, 'write http:// in the endpoint, or name its TLS port');
  }
  const code = recognise(call, error);
  return fail(code, words(error), code === 'StorageDenied' ? `allow ${permission} there` : hints[code]);
}

function recognise(call: GcsCall, error: unknown): ErrorCode {
  if (error instanceof GcsRefusal) return judge(call, error);
  const known = networkCode(error) ?? judgeTokenError(error);
  if (known !== undefined) return known;
  const cause = property(error, 'cause');
  return cause === undefined || cause === error ? 'Unknown' : recognise(call, cause);
}

/** https://cloud.google.com/storage/docs/resumable-uploads: cancelled, or older than a week. */
const goneStatuses: ReadonlySet<number> = new Set([404, 410, 499]);

function judge(call: GcsCall, { status, reason, message }: GcsRefusal): ErrorCode {
  const { needsOnlyBucket, isSession } = call;
  if (isSession && goneStatuses.has(status)) return 'UploadGone';
  // Google's words for bytes that leave a hole behind those that are there.
  if (isSession && /exceeds already uploaded size/.test(message)) return 'PartMismatch';
  // Replacing takes the right to delete: whoever may only create is told so, and that is how we learn of the object
  // (https://cloud.google.com/storage/docs/access-control/iam-xml, note 4).
  if (status === 403 && message.includes('storage.objects.delete') && needsOnlyBucket) return 'AlreadyExists';
  if (reason !== undefined && Object.hasOwn(reasons, reason)) return reasons[reason] ?? 'Unknown';
  if (status === 404) {
    return needsOnlyBucket || /\bbucket does not exist\b/i.test(message) ? 'BucketNotFound' : 'NotFound';
  }
  return statuses[status] ?? 'Unknown';
}

/**
 * What the token endpoint refuses (https://www.rfc-editor.org/rfc/rfc6749#section-5.2). Google says of a claim whose
 * times are off that the token must be short-lived and in a reasonable timeframe.
 */
function judgeTokenError(error: unknown): ErrorCode | undefined {
  const response = property(error, 'response');
  if (response === undefined) return undefined;
  const data = property(response, 'data');
  const said = `${textOf(data, 'error') ?? ''} ${textOf(data, 'error_description') ?? ''}`;
  if (/reasonable timeframe/i.test(said)) return 'ClockSkewed';
  if (/invalid_grant|invalid_client|unauthorized_client|invalid_scope|access_denied/.test(said)) {
    return 'StorageUnauthenticated';
  }
  const status = property(response, 'status');
  return typeof status === 'number' ? statuses[status] : undefined;
}

/** Statuses of a service that is there, but not well. */
const passing: ReadonlySet<number> = new Set([401, 403, 408, 429, 500, 502, 503, 504]);

/** A web server that is no Cloud Storage answers in its own words; Cloud Storage says why. */
function isForeign({ readsObject, isSession }: GcsCall, error: unknown): error is GcsRefusal {
  if (!(error instanceof GcsRefusal) || error.reason !== undefined) return false;
  if (passing.has(error.status) || (isSession && goneStatuses.has(error.status))) return false;
  return !(readsObject && error.status === 404);
}

function textOf(error: unknown, name: string): string | undefined {
  const value = property(error, name);
  return typeof value === 'string' ? value : undefined;
}

function property(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}

/** The service's own words, without what a URL might carry. */
function words(error: unknown): string {
  const message = (textOf(error, 'message') ?? String(error))
    .replaceAll(/\?\S*/g, '')
    .trim()
    .replace(/\.$/, '');
  if (!(error instanceof GcsRefusal)) return message;
  const label = [error.reason, error.status].filter((part) => part !== undefined).join(' ');
  return message === '' ? label : `${label}: ${message}`;
}
