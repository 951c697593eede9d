import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { freeUid, isPageUid, uidsOf } from './page-user.ts';

const all = Array.from({ length: 65_520 - 61_184 }, (_, index) => 61_184 + index);

it('gives a page a user that runs nothing', () => {
  expect(freeUid(new Set(), (from) => from)).toBe(61_184);
  expect(freeUid(new Set([0, 61_184, 61_185]), (from) => from)).toBe(61_186);
  expect(freeUid(new Set(), (_, to) => to - 1)).toBe(65_519);
  expect(isPageUid(freeUid(new Set()))).toBe(true);
  expect(freeUid(new Set(all.filter((uid) => uid !== 63_000)))).toBe(63_000);
  expect(() => freeUid(new Set(all))).toThrow('none is left');
});

it.each([
  [61_183, false],
  [61_184, true],
  [65_519, true],
  [65_520, false],
  [0, false],
])("user %i is a page's: %s", (uid, expected) => {
  expect(isPageUid(uid)).toBe(expected);
});

it('knows who runs a process', () => {
  expect(uidsOf('Name:\tXvfb\nUmask:\t0022\nUid:\t0\t61200\t61200\t61200\nGid:\t1\t1\t1\t1\n')).toEqual([
    0, 61_200, 61_200, 61_200,
  ]);
  expect(uidsOf('')).toEqual([]);
});

it.skipIf(process.platform !== 'linux')('knows who runs this one', () => {
  expect(uidsOf(readFileSync('/proc/self/status', 'utf8'))).toContain(process.getuid?.());
});
