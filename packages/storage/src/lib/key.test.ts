import { describe, expect, it } from 'vitest';
import { joinKey, normalizePrefix } from './key.ts';

describe('prefix and key', () => {
  it.each([
    [undefined, ''],
    ['', ''],
    ['/', ''],
    ['meetings/2026', 'meetings/2026'],
    ['/meetings//2026/', 'meetings/2026'],
  ])('the prefix %j is %j', (prefix, expected) => {
    expect(normalizePrefix(prefix)).toBe(expected);
  });

  it('join, and stand alone', () => {
    expect(joinKey('a/b', 'c.mp4')).toBe('a/b/c.mp4');
    expect(joinKey('', 'c.mp4')).toBe('c.mp4');
  });

  it.each(['', '/x', 'a//b', '../x', 'a/./b', `${'ü'.repeat(512)}x`, 'a\0b'])('refuse the key %j', (key) => {
    expect(() => joinKey('', key)).toThrow(expect.objectContaining({ code: 'InvalidManifest' }));
  });
});
