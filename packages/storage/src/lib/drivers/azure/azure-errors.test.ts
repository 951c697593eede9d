import { TapedeckError } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { translateAzureError } from './azure-errors.ts';

const call = {
  operation: 'Put Block',
  permission: 'containers/blobs/write (SAS permission w)',
  target: 'https://acct.blob.core.windows.net/recordings/key',
};
const now = () => new Date().toUTCString();

/** As the SDK throws what a service answered. */
function answered(
  code: string,
  statusCode: number,
  message = 'Said so.',
  headers: Record<string, string> = {},
): Error {
  const all = new Map(
    Object.entries({ 'x-ms-request-id': 'id', 'x-ms-error-code': code, date: now(), ...headers }),
  );
  const request = { headers: { authorization: 'SharedKey acct:a-signature' } };
  return Object.assign(new Error(message), {
    name: 'RestError',
    code,
    statusCode,
    request,
    response: { headers: all },
  });
}

/** What a web server answers that is something else. */
function foreign(statusCode: number): Error {
  return Object.assign(new Error('<html>'), {
    name: 'RestError',
    statusCode,
    response: { headers: new Map() },
  });
}

function failed(code: string, message = `connect ${code} 10.0.0.1:443`): Error {
  return Object.assign(new Error(message), { name: 'RestError', code });
}

const named = (name: string, message = 'no token', fields = {}) =>
  Object.assign(new Error(message), { name, ...fields });
const hourAgo = new Date(Date.now() - 3_600_000).toUTCString();

describe("Azure's errors", () => {
  it.each([
    [answered('ContainerNotFound', 404), 'BucketNotFound'],
    [answered('BlobNotFound', 404), 'NotFound'],
    [answered('BlobAlreadyExists', 409), 'AlreadyExists'],
    [answered('ConditionNotMet', 412), 'AlreadyExists'],
    [answered('UnauthorizedBlobOverwrite', 403), 'AlreadyExists'],
    [answered('InvalidBlockList', 400), 'PartMismatch'],
    [answered('BlockCountExceedsLimit', 409), 'NotSupported'],
    [answered('AuthenticationFailed', 403), 'StorageUnauthenticated'],
    [answered('AuthenticationFailed', 403, 'No.', { date: hourAgo }), 'ClockSkewed'],
    [
      answered('AuthorizationFailure', 403, 'Server failed to authenticate the request.'),
      'StorageUnauthenticated',
    ],
    [answered('AuthorizationFailure', 403, 'This request is not authorized.'), 'StorageDenied'],
    [answered('AuthorizationPermissionMismatch', 403), 'StorageDenied'],
    [answered('KeyVaultEncryptionKeyNotFound', 403), 'EncryptionKeyDenied'],
    [answered('KeyBasedAuthenticationNotPermitted', 403), 'StorageDenied'],
    [answered('InvalidResourceName', 400), 'InvalidManifest'],
    [answered('Md5Mismatch', 400), 'StorageUnavailable'],
    [answered('ServerBusy', 503), 'StorageThrottled'],
    [answered('OperationTimedOut', 500), 'StorageTimeout'],
    [answered('InternalError', 500), 'StorageUnavailable'],
    [answered('SomethingNew', 403), 'StorageDenied'],
    [foreign(503), 'StorageUnavailable'],
    [foreign(429), 'StorageThrottled'],
    [failed('ECONNREFUSED'), 'StorageUnreachable'],
    [failed('ENOTFOUND'), 'StorageUnreachable'],
    [failed('ECONNRESET'), 'StorageUnreachable'],
    [failed('ETIMEDOUT'), 'StorageTimeout'],
    [failed('DEPTH_ZERO_SELF_SIGNED_CERT'), 'StorageTlsFailed'],
    [failed('ERR_TLS_CERT_ALTNAME_INVALID'), 'StorageTlsFailed'],
    [
      failed('EPROTO', 'write EPROTO 40:error:0A00010B:SSL routines::wrong version number:'),
      'StorageTlsFailed',
    ],
    [named('AuthenticationError'), 'StorageUnauthenticated'],
    [named('CredentialUnavailableError'), 'StorageUnauthenticated'],
    [named('AuthenticationError', 'busy', { statusCode: 503 }), 'StorageUnavailable'],
    [named('AuthenticationError', 'x', { cause: failed('ECONNREFUSED') }), 'StorageUnreachable'],
    [named('CredentialUnavailableError', 'endpoints_resolution_error: See …'), 'StorageUnreachable'],
    // What nobody knows is never made into something comfortable.
    [answered('SomethingNew', 400), 'Unknown'],
    [answered('SomethingNew', 404), 'Unknown'],
    [new TypeError('a mistake of ours'), 'Unknown'],
    ['a string', 'Unknown'],
    // A web server that is something else.
    [foreign(404), 'StorageUnreachable'],
    [foreign(200), 'StorageUnreachable'],
  ])('%s is %s', (error, code) => {
    expect(translateAzureError(call, error).code).toBe(code);
  });

  it('name the call, the target and the right that it needs, in the first line of their words', () => {
    const words = 'This request is not authorized.\nRequestId:1\nTime:2026-01-01';
    const { message } = translateAzureError(call, answered('AuthorizationPermissionMismatch', 403, words));
    expect(message).toBe(
      'Put Block on https://acct.blob.core.windows.net/recordings/key failed: AuthorizationPermissionMismatch 403: This request is not authorized; allow containers/blobs/write (SAS permission w) there.',
    );
  });

  it('lose what URLs and requests carry', () => {
    const said = answered('Odd', 400, 'Cannot open https://host/key?sv=1&sig=a-signature now');
    const error = translateAzureError(call, said);
    expect(error.message).not.toContain('a-signature');
    expect(JSON.stringify(error.cause, Object.getOwnPropertyNames(error.cause))).not.toContain('a-signature');
  });

  it('keep the code by which a call that never arrived is told', () => {
    expect(translateAzureError(call, failed('ECONNREFUSED')).cause).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('say what to write when the endpoint has no TLS', () => {
    const error = failed('EPROTO', 'write EPROTO 40:error:0A00010B:SSL routines::wrong version number:');
    expect(translateAzureError(call, error).message).toContain('write http://');
  });

  it('are the abort when the signal fired, and pass what is translated already', () => {
    expect(translateAzureError(call, failed('ECONNRESET'), AbortSignal.abort()).code).toBe('Aborted');
    const own = new TapedeckError('StorageFull', 'full');
    expect(translateAzureError(call, own)).toBe(own);
  });
});
