import { TapedeckError } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { translateS3Error } from './s3-errors.ts';

const call = { operation: 'UploadPart', permission: 's3:PutObject', target: 's3://bucket/key' };

/** As the SDK throws what a service answered. */
function answered(name: string, httpStatusCode: number, message = 'Said so.'): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
}

function failed(code: string): Error {
  return Object.assign(new Error(`connect ${code} 10.0.0.1:443`), { code });
}

describe("S3's errors", () => {
  it.each([
    [answered('NoSuchUpload', 404), 'UploadGone'],
    [answered('InvalidPart', 400), 'PartMismatch'],
    [answered('NoSuchBucket', 404), 'BucketNotFound'],
    [answered('NoSuchKey', 404), 'NotFound'],
    [answered('AccessDenied', 403), 'StorageDenied'],
    [answered('403', 403), 'StorageDenied'],
    [answered('KMS.DisabledException', 400), 'EncryptionKeyDenied'],
    [answered('KMS.NotFoundException', 400), 'EncryptionKeyDenied'],
    [
      answered(
        'AccessDenied',
        403,
        'User: x is not authorized to perform: kms:GenerateDataKey on resource: k',
      ),
      'EncryptionKeyDenied',
    ],
    [answered('InvalidAccessKeyId', 403), 'StorageUnauthenticated'],
    [answered('SignatureDoesNotMatch', 403), 'StorageUnauthenticated'],
    [answered('ExpiredToken', 400), 'StorageUnauthenticated'],
    [answered('PermanentRedirect', 301), 'WrongRegion'],
    [answered('301', 301), 'WrongRegion'],
    [answered('AuthorizationHeaderMalformed', 400), 'WrongRegion'],
    [answered('RequestTimeTooSkewed', 403), 'ClockSkewed'],
    [answered('SlowDown', 503), 'StorageThrottled'],
    [answered('ServiceUnavailable', 503), 'StorageUnavailable'],
    [answered('503', 503), 'StorageUnavailable'],
    [answered('InternalError', 200), 'StorageUnavailable'],
    [answered('InternalError', 500), 'StorageUnavailable'],
    [answered('NotImplemented', 501), 'NotSupported'],
    [failed('ECONNREFUSED'), 'StorageUnreachable'],
    [failed('ENOTFOUND'), 'StorageUnreachable'],
    [failed('ECONNRESET'), 'StorageUnreachable'],
    [failed('ETIMEDOUT'), 'StorageTimeout'],
    [Object.assign(new Error('slow'), { name: 'TimeoutError' }), 'StorageTimeout'],
    [failed('DEPTH_ZERO_SELF_SIGNED_CERT'), 'StorageTlsFailed'],
    [failed('ERR_TLS_CERT_ALTNAME_INVALID'), 'StorageTlsFailed'],
    [new Error('wrapped', { cause: failed('ECONNREFUSED') }), 'StorageUnreachable'],
    // What nobody knows is never made into something comfortable.
    [answered('SomethingNew', 400), 'Unknown'],
    [answered('UnknownError', 400), 'Unknown'],
    // A web server that is no S3.
    [answered('NotFound', 404), 'StorageUnreachable'],
    [answered('UnknownError', 404), 'StorageUnreachable'],
    [answered('Error', 502, 'XML parse error. Deserialization error: to see…'), 'StorageUnavailable'],
    [answered('Error', 501, 'XML parse error. Deserialization error: to see…'), 'StorageUnreachable'],
    [
      Object.assign(new Error('write EPROTO 40:error:0A00010B:SSL routines::wrong version number:c:78:'), {
        code: 'EPROTO',
      }),
      'StorageTlsFailed',
    ],
    [new TypeError('a mistake of ours'), 'Unknown'],
    ['a string', 'Unknown'],
  ])('%s is %s', (error, code) => {
    expect(translateS3Error(call, error).code).toBe(code);
  });

  it('name the call, the target and the permission', () => {
    const { message } = translateS3Error(call, answered('AccessDenied', 403, 'Access Denied.'));
    expect(message).toBe(
      'UploadPart on s3://bucket/key failed: AccessDenied 403: Access Denied; allow s3:PutObject there.',
    );
  });

  it('speak in the words of a provider that has its own', () => {
    const hints = { StorageDenied: 'ask the operator' };
    const { message } = translateS3Error({ ...call, hints }, answered('AccessDenied', 403, 'Access Denied.'));
    expect(message).toContain('; ask the operator.');
    expect(translateS3Error({ ...call, hints }, answered('NoSuchBucket', 404)).message).toContain(
      'create the bucket',
    );
  });

  it('lose what URLs carry', () => {
    const said = 'Cannot open https://host/key?X-Amz-Signature=secret now';
    expect(translateS3Error(call, new Error(said)).message).not.toContain('secret');
  });

  it('are the abort when the signal fired, and pass what is translated already', () => {
    expect(translateS3Error(call, failed('ECONNRESET'), AbortSignal.abort()).code).toBe('Aborted');
    const own = new TapedeckError('StorageFull', 'full');
    expect(translateS3Error(call, own)).toBe(own);
  });
});

it('takes a missing key for what it is where one key is read', () => {
  const read = { ...call, operation: 'HeadObject' };
  expect(translateS3Error(read, answered('NotFound', 404)).code).toBe('NotFound');
});

it('says what to write when the endpoint has no TLS, in none of OpenSSL’s words', () => {
  const error = Object.assign(
    new Error('write EPROTO 40:error:0A00010B:SSL routines::wrong version number:'),
    { code: 'EPROTO' },
  );
  expect(translateS3Error(call, error).message).toContain('write http://');
  expect(translateS3Error(call, error).message).not.toContain('SSL routines');
});
