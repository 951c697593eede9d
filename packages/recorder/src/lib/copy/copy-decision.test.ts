import { type ErrorCode, type ExitName, type RunFile, TapedeckError } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { contentTypeOf } from './copy-content.ts';
import { journalToGoOn } from './copy-file.ts';
import { copyExitOf } from './copy-outcome.ts';
import { type CopySource, sourceError } from './copy-source.ts';

describe('what a failure of a copy means', () => {
  it.each<[ErrorCode, ExitName]>([
    ['SourceNotFound', 'SourceFailed'],
    ['SourceDenied', 'SourceFailed'],
    ['SourceChanged', 'SourceFailed'],
    ['ChecksumMismatch', 'SourceFailed'],
    ['SourceUnreachable', 'Retry'],
    ['StorageDenied', 'StorageRefused'],
    ['BucketNotFound', 'StorageRefused'],
    ['StorageUnauthenticated', 'StorageRefused'],
    ['AlreadyExists', 'StorageRefused'],
    ['StorageUnreachable', 'Retry'],
    ['StorageThrottled', 'Retry'],
    ['StorageFull', 'Retry'],
    ['InvalidCredentials', 'Invalid'],
    ['NotSupported', 'Invalid'],
    ['Aborted', 'Interrupted'],
    ['Unknown', 'Retry'],
  ])('%s: %s', (code, exit) => {
    expect(copyExitOf(new TapedeckError(code, 'It failed.'))).toBe(exit);
  });
});

describe('what a failure of the storage that is read means', () => {
  it.each<[ErrorCode, ErrorCode, RegExp]>([
    ['NotFound', 'SourceNotFound', /nothing to copy/],
    ['BucketNotFound', 'SourceNotFound', /nothing to copy/],
    ['StorageDenied', 'SourceDenied', /give its credentials the right to read/],
    ['StorageUnauthenticated', 'SourceDenied', /give its credentials the right to read/],
    ['StorageUnavailable', 'SourceUnreachable', /It is tried again/],
    ['Unknown', 'SourceUnreachable', /It is tried again/],
    ['SourceChanged', 'SourceChanged', /^It said no\.$/],
    ['Aborted', 'Aborted', /^It said no\.$/],
  ])('%s: %s', (said, code, words) => {
    const error = sourceError(new TapedeckError(said, 'It said no.'), 'team', 'a.mp4');
    expect(error.code).toBe(code);
    expect(error.message).toMatch(words);
  });
});

describe('an upload that an earlier attempt left', () => {
  const source: CopySource = {
    storage: 'team',
    key: 'a.mp4',
    etag: 'one',
    bytes: 10,
    crc32: '0a0b0c0d',
    read: async () => [],
  };
  const journal = {
    version: 1,
    storage: 'archive',
    key: 'a.mp4',
    contentType: 'video/mp4',
    token: {},
    parts: [],
  };
  const left: RunFile = {
    segment: 1,
    attempt: 1,
    key: 'a.mp4',
    storage: 'archive',
    state: 'Open',
    bytes: 10,
    durationSeconds: 1,
    copyOf: { storage: 'team', key: 'a.mp4', etag: 'one' },
    journal: { ...journal, version: 1 },
  };

  it.each<[string, RunFile | undefined, Partial<CopySource>, boolean]>([
    ['is gone on with while its source is the same', left, {}, true],
    ['is not there', undefined, {}, false],
    ['was of another version of the object', left, { etag: 'two' }, false],
    ['was of another length', { ...left, bytes: 9 }, {}, false],
    ['was read from another storage with the same checksum', left, { storage: 'mirror', etag: 'x' }, true],
    ['was read from another storage without one', left, { storage: 'mirror', crc32: undefined }, false],
    ['never opened', { ...left, journal: { ...journal, version: 1, token: null } }, {}, false],
  ])('%s', (_, before, more, goesOn) => {
    expect(journalToGoOn(before, { ...source, ...more }) !== undefined).toBe(goesOn);
  });
});

it('writes what a player asks a server for', () => {
  expect(['a.mp4', 'b/c.M3U8', 'seg.m4s', 'noend', 'a.mp4/b'].map(contentTypeOf)).toEqual([
    'video/mp4',
    'application/vnd.apple.mpegurl',
    'video/iso.segment',
    'application/octet-stream',
    'application/octet-stream',
  ]);
});
