import type { CheckReport } from '@tapedeck/core';
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { nextStep, renderCheck } from './check-table.ts';

const step = (name: string, passed: boolean, required = true, message = '') => ({
  name,
  passed,
  required,
  durationSeconds: 0.012,
  message,
});

const report = (over: Partial<CheckReport>): CheckReport => ({
  version: 1,
  id: 'check',
  time: '2026-11-21T09:00:00.000Z',
  durationSeconds: 1.24,
  ready: true,
  reason: 'Ready',
  message: 'Recordings can go to s3://recordings/.',
  steps: [step('Resolve', true), step('List', false, false, 'ListObjectsV2 failed.')],
  capabilities: {
    multipart: true,
    rewriteFirstPart: true,
    read: true,
    list: false,
    delete: true,
    signUrls: true,
  },
  endpoint: 'https://s3.example.com',
  ...over,
});
const plain = pc.createColors(false);

describe('the table of a check', () => {
  it('has a row a step and ends with a sentence', () => {
    expect(renderCheck('team', report({}), plain).split('\n')).toEqual([
      '✓   Resolve   12 ms',
      '–   List      12 ms   ListObjectsV2 failed.',
      'team at https://s3.example.com: ready (1.2 s). Recordings can go to s3://recordings/.',
    ]);
  });

  it('says why not, once', () => {
    const refused = report({
      ready: false,
      reason: 'StorageDenied',
      message: 'PutObject failed.',
      steps: [step('Connect', true, true, 'HTTP/2.'), step('Write', false, true, 'PutObject failed.')],
    });
    expect(renderCheck('team', refused, plain).split('\n')).toEqual([
      '✓   Connect   12 ms   HTTP/2.',
      '✗   Write     12 ms',
      'team at https://s3.example.com: StorageDenied (1.2 s): PutObject failed.',
    ]);
  });
});

describe('what to do next', () => {
  it.each([
    ['Ready', undefined],
    ['StorageDenied', '"tapedeck storage policy team" prints the least rights that it needs.'],
    ['EncryptionKeyDenied', '"tapedeck storage policy team" prints the least rights that it needs.'],
    ['StorageUnavailable', 'That may pass: "tapedeck storage check team" tries again.'],
    ['BucketNotFound', 'Change that, then "tapedeck storage check team" tells whether it helped.'],
  ])('after %s', (reason, expected) => {
    expect(nextStep(report({ ready: reason === 'Ready', reason }), 'team')).toBe(expected);
  });
});
