import { TapedeckError } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { type GcsCall, refusalOf, translateGcsError } from './gcs-errors.ts';

const call: GcsCall = {
  operation: 'Upload part',
  permission: 'storage.objects.create',
  target: 'gs://bucket/key',
};
const creating = { ...call, needsOnlyBucket: true };
const reading = { ...call, readsObject: true };

const xml = (code: string, status: number, message = code, details = '') =>
  refusalOf(
    status,
    `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>${message}</Message>${details && `<Details>${details}</Details>`}</Error>`,
  );
const json = (reason: string, status: number, message: string = reason) =>
  refusalOf(status, JSON.stringify({ error: { code: status, message, errors: [{ reason, message }] } }));
const failed = (code: string, message = code) => Object.assign(new Error(message), { code });
const tokenRefused = (status: number, error: string, error_description: string) =>
  Object.assign(new Error(`${error}: ${error_description}`), {
    response: { status, data: { error, error_description } },
  });

const replacing = 'a@b does not have storage.objects.delete access to the Google Cloud Storage object.';
const creatingDenied = 'a@b does not have storage.objects.create access to the Google Cloud Storage object.';

describe('failures of Cloud Storage', () => {
  it.each<[GcsCall, unknown, string]>([
    [call, xml('NoSuchUpload', 404), 'UploadGone'],
    [call, xml('InvalidPart', 400), 'PartMismatch'],
    [call, xml('InvalidPartOrder', 400), 'PartMismatch'],
    [call, xml('EntityTooSmall', 400), 'PartMismatch'],
    // Bytes that changed on the way: the same put again may do.
    [call, xml('BadDigest', 400), 'Unknown'],
    [call, xml('NoSuchBucket', 404), 'BucketNotFound'],
    [call, xml('AccessDenied', 403, 'Access denied.', creatingDenied), 'StorageDenied'],
    [creating, xml('AccessDenied', 403, 'Access denied.', replacing), 'AlreadyExists'],
    [creating, json('forbidden', 403, replacing), 'AlreadyExists'],
    [creating, json('forbidden', 403, creatingDenied), 'StorageDenied'],
    [creating, json('conditionNotMet', 412), 'AlreadyExists'],
    [call, json('forbidden', 403, replacing), 'StorageDenied'],
    [creating, json('notFound', 404, 'Not Found'), 'BucketNotFound'],
    [reading, json('notFound', 404, 'No such object: bucket/key'), 'NotFound'],
    [reading, json('notFound', 404, 'The specified bucket does not exist.'), 'BucketNotFound'],
    // What a download answers is not JSON.
    [reading, refusalOf(404, 'No such object: bucket/key'), 'NotFound'],
    [{ ...call, isSession: true }, refusalOf(404, ''), 'UploadGone'],
    [{ ...call, isSession: true }, refusalOf(410, 'Gone'), 'UploadGone'],
    [
      { ...call, isSession: true },
      json(
        'backendError',
        503,
        'the upload offset is 5 byte(s), which exceeds already uploaded size of 0 byte(s).',
      ),
      'PartMismatch',
    ],
    [call, json('authError', 401, 'Invalid Credentials'), 'StorageUnauthenticated'],
    [call, json('required', 401), 'StorageUnauthenticated'],
    [call, xml('AuthenticationRequired', 401), 'StorageUnauthenticated'],
    [call, xml('RequestTimeTooSkewed', 403), 'ClockSkewed'],
    [call, xml('SlowDown', 429), 'StorageThrottled'],
    [call, json('rateLimitExceeded', 429), 'StorageThrottled'],
    [call, xml('ServiceUnavailable', 503), 'StorageUnavailable'],
    [call, json('backendError', 500), 'StorageUnavailable'],
    [call, refusalOf(503, '<html>busy</html>'), 'StorageUnavailable'],
    [call, xml('NotImplemented', 501), 'NotSupported'],
    // A web server that is no Cloud Storage.
    [call, refusalOf(404, '<html>404</html>'), 'StorageUnreachable'],
    [creating, refusalOf(404, ''), 'StorageUnreachable'],
    [call, refusalOf(302, ''), 'StorageUnreachable'],
    // What nobody knows is never made into something comfortable.
    [call, xml('SomethingNew', 400), 'Unknown'],
    [call, new TypeError('a mistake of ours'), 'Unknown'],
    [call, 'a string', 'Unknown'],
    [call, failed('ECONNREFUSED'), 'StorageUnreachable'],
    [call, failed('ENOTFOUND'), 'StorageUnreachable'],
    [call, failed('ECONNRESET'), 'StorageUnreachable'],
    [call, failed('ETIMEDOUT'), 'StorageTimeout'],
    [call, failed('DEPTH_ZERO_SELF_SIGNED_CERT'), 'StorageTlsFailed'],
    [call, failed('ERR_TLS_CERT_ALTNAME_INVALID'), 'StorageTlsFailed'],
    [call, failed('EPROTO', 'wrong version number'), 'StorageTlsFailed'],
    [call, new Error('wrapped', { cause: failed('ECONNREFUSED') }), 'StorageUnreachable'],
    [call, tokenRefused(400, 'invalid_grant', 'Invalid JWT Signature.'), 'StorageUnauthenticated'],
    [
      call,
      tokenRefused(400, 'invalid_grant', 'Invalid JWT: Token must be in a reasonable timeframe.'),
      'ClockSkewed',
    ],
    [call, tokenRefused(503, '', ''), 'StorageUnavailable'],
  ])('%o: %s is %s', (which, error, code) => {
    expect(translateGcsError(which, error).code).toBe(code);
  });

  it('name the call, the target and the permission', () => {
    const error = xml('AccessDenied', 403, 'Access denied.', creatingDenied);
    expect(translateGcsError(call, error).message).toBe(
      `Upload part on gs://bucket/key failed: AccessDenied 403: Access denied. ${creatingDenied.replace(/\.$/, '')}; allow storage.objects.create there.`,
    );
  });

  it('lose what URLs carry', () => {
    const said = new Error('Cannot open https://host/key?X-Goog-Signature=secret now');
    expect(translateGcsError(call, said).message).not.toContain('secret');
  });

  it('are the abort when the signal fired, and pass what is translated already', () => {
    expect(translateGcsError(call, failed('ECONNRESET'), AbortSignal.abort()).code).toBe('Aborted');
    const own = new TapedeckError('StorageFull', 'full');
    expect(translateGcsError(call, own)).toBe(own);
  });
});
