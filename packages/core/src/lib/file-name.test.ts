import { describe, expect, it } from 'vitest';
import { type FileNameInput, fileKey, fileKeyBase, keySuffixBytes, roomSlug, shortUid } from './file-name.ts';
import { joinKey, keyBytes, maxKeyBytes, normalizePrefix } from './prefix.ts';

const base: FileNameInput = {
  namespace: 'school',
  name: 'physics-9am',
  uid: '0192d3a4-5b6c-7d8e-9f01-23456789abcd',
  time: new Date('2026-11-21T09:00:00.789Z'),
};

describe('fileKeyBase', () => {
  const table: readonly (readonly [string, Partial<FileNameInput>, string])[] = [
    ['room and time', { room: 'physics' }, 'physics_20261121T090000Z'],
    ['a prefix', { room: 'physics', fileNamePrefix: 'Physics_9am' }, 'Physics_9am_physics_20261121T090000Z'],
    ['no room: the name and the uid', {}, 'physics-9am_20261121T090000Z_6789abcd'],
    ['a room that lost characters', { room: 'a/b' }, 'a-b_20261121T090000Z_6789abcd'],
    ['a room that lost all', { room: '会議' }, 'physics-9am_20261121T090000Z_6789abcd'],
    ['when asked', { room: 'physics', distinct: true }, 'physics_20261121T090000Z_6789abcd'],
    [
      'a path',
      { room: 'physics', path: '/{namespace}//{date}/{room}/' },
      'school/20261121/physics/physics_20261121T090000Z',
    ],
    [
      'all placeholders',
      { room: 'r', path: '{year}-{month}-{day}/{hour}/{time}/{timestamp}/{name}/{uid}' },
      '2026-11-21/09/090000/20261121T090000Z/physics-9am/0192d3a4-5b6c-7d8e-9f01-23456789abcd/r_20261121T090000Z',
    ],
  ];
  it.each(table)('%s', (_what, input, key) => {
    expect(fileKeyBase({ ...base, ...input })).toBe(key);
  });

  it('never leaves its path, whatever the room is', () => {
    for (const room of [
      '../../etc/passwd',
      '..',
      '.',
      '/',
      '\\..\\',
      '\u0000',
      'a\nb',
      '{uid}',
      '%2e%2e%2f',
    ]) {
      const key = fileKeyBase({ ...base, room, path: 'x/{room}' });
      expect(key).toMatch(/^x\/[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/);
      expect(key.split('/')).not.toContain('..');
    }
  });

  it('stays within the limit with everything at its longest', () => {
    const storagePrefix = 'p'.repeat(512);
    const key = fileKeyBase({
      ...base,
      storagePrefix,
      room: 'r'.repeat(128),
      path: '{room}/{room}',
      fileNamePrefix: 'f'.repeat(128),
    });
    expect(keyBytes(joinKey(storagePrefix, key)) + keySuffixBytes).toBeLessThanOrEqual(maxKeyBytes);
    expect(key).toMatch(/r_20261121T090000Z$/);
  });

  it('says so when the path leaves no room', () => {
    expect(() => fileKeyBase({ ...base, storagePrefix: 'ü'.repeat(500) })).toThrow(/shorten them/);
  });

  it('differs for recordings that differ only in their uid, when one of them asks', () => {
    const other = '0192d3a4-5b6c-7d8e-9f01-23456789abce';
    const keys = [base.uid, other].map((uid) => fileKeyBase({ ...base, uid, room: 'x', distinct: true }));
    expect(new Set(keys).size).toBe(2);
  });
});

it.each([
  ['Physik für Anfänger', 'Physik-fur-Anfanger'],
  ['a   b', 'a-b'],
  ['-.hidden.-', 'hidden'],
  ['a..b', 'a.b'],
  ['x'.repeat(300), 'x'.repeat(128)],
])('%s becomes %s', (room, slug) => {
  expect(roomSlug(room)).toBe(slug);
});

it.each([
  [{ segment: 1, attempt: 1 }, 'b.mp4'],
  [{ segment: 2, attempt: 1 }, 'b_002.mp4'],
  [{ segment: 1, attempt: 2 }, 'b_a2.mp4'],
  [{ segment: 12, attempt: 3, extension: 'webm' }, 'b_012_a3.webm'],
])('segment and attempt %j give %s', (file, key) => {
  expect(fileKey('b', file)).toBe(key);
});

it('shortens a uid to its end', () => {
  expect(shortUid('0192d3a4-5b6c-7d8e-9f01-23456789ABCD')).toBe('6789abcd');
  expect(shortUid('a')).toBe('a');
});

it.each([
  [undefined, ''],
  ['/', ''],
  ['meetings/2026', 'meetings/2026'],
  ['//meetings//2026//', 'meetings/2026'],
])('prefix %s is %s in normal form', (prefix, normal) => {
  expect(normalizePrefix(prefix)).toBe(normal);
});

it.each(['a/../b', '.', 'a\\b', 'a\u0007'])('prefix %j is refused', (prefix) => {
  expect(() => normalizePrefix(prefix)).toThrow(/prefix/);
});
