import { type ErrorCode, TapedeckError } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { configurationStep, gradeWrite } from './check-steps.ts';

const regional = { regional: true, kms: false };
const graded = (code: ErrorCode | undefined, scope = regional) =>
  gradeWrite(code && new TapedeckError(code, 'said'), 0.1, scope).map(
    ({ name, passed }) => `${passed ? '+' : '-'}${name}`,
  );

describe('a write', () => {
  it.each([
    [undefined, ['+Authenticate', '+Bucket', '+Region', '+Write']],
    ['StorageDenied', ['+Authenticate', '+Bucket', '+Region', '-Write']],
    ['StorageFull', ['+Authenticate', '+Bucket', '+Region', '-Write']],
    ['EncryptionKeyDenied', ['+Authenticate', '+Bucket', '+Region', '-KMS']],
    ['BucketNotFound', ['+Authenticate', '-Bucket']],
    ['WrongRegion', ['-Region']],
    ['StorageUnauthenticated', ['-Authenticate']],
    ['ClockSkewed', ['-ClockSkew']],
    // A service that is not well has proved nothing.
    ['StorageUnavailable', ['-Write']],
    ['StorageTimeout', ['-Write']],
    ['Unknown', ['-Write']],
  ] as const)('that ends with %s', (code, steps) => {
    expect(graded(code)).toEqual(steps);
  });

  it('tells of no region where there is none', () => {
    const plain = { regional: false, kms: false };
    expect(graded(undefined, plain)).toEqual(['+Authenticate', '+Bucket', '+Write']);
    expect(graded('StorageDenied', plain)).toEqual(['+Authenticate', '+Bucket', '-Write']);
  });
});

it.each([
  ['InvalidCredentials', 'Authenticate'],
  ['InvalidManifest', 'Configure'],
  ['NotSupported', 'Configure'],
] as const)('%s fails the step %s', (code, name) => {
  expect(configurationStep(new TapedeckError(code, 'said'))).toBe(name);
});
