import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { directoryPrefix, isLeftBehind, removeLeftBehind } from './page-leftover.ts';

const root = 0;
const person = 1_000;
const pageUid = 61_200;

it.each([
  // Name, its owner, us, is it left behind?
  ['tapedeck-page-ns1-7-abcdef', root, root, true],
  ['tapedeck-page-ns1-7-abcdef', pageUid, root, true],
  ['tapedeck-page-ns1-7-abcdef', person, root, false],
  ['tapedeck-page-ns1-7-abcdef', person, person, true],
  ['tapedeck-page-ns1-7-abcdef', 1_001, person, false],
  ['tapedeck-page-ns1-7-abcdef', pageUid, person, false],
  ['tapedeck-page-ns1-8-abcdef', root, root, false],
  ['tapedeck-page-ns2-7-abcdef', root, root, false],
  ['tapedeck-page-7-abcdef', root, root, false],
  ['tapedeck-page-', root, root, false],
])('%s of user %i, seen by user %i, is left behind: %s', (name, owner, uid, expected) => {
  const us = { uid, pidNamespace: 'ns1', isAlive: (pid: number) => pid === 8 };
  expect(isLeftBehind({ name, uid: owner, isDirectory: true }, us)).toBe(expected);
  expect(isLeftBehind({ name, uid: owner, isDirectory: false }, us)).toBe(false);
});

const temporary = mkdtempSync(join(tmpdir(), 'tapedeck-leftover-'));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(temporary, { recursive: true, force: true });
});

it.skipIf(process.platform !== 'linux')(
  'removes what a killed recorder has left, and nothing else',
  async () => {
    vi.stubEnv('TMPDIR', temporary);
    // Sixty million: more than Linux gives out.
    const dead = directoryPrefix().replace(`-${process.pid.toString(36)}-`, '-zzzzz-');
    const kept = [`${directoryPrefix()}live`, 'tapedeck-page-zzz-zzzzz-foreign', 'another', `${dead}link`];
    for (const name of [`${dead}gone`, ...kept.slice(0, 3)])
      mkdirSync(join(temporary, name, 'home'), { recursive: true });
    symlinkSync(join(temporary, 'another'), join(temporary, `${dead}link`));
    await removeLeftBehind();
    expect(readdirSync(temporary).sort()).toEqual([...kept].sort());
    expect(readdirSync(join(temporary, 'another'))).toEqual(['home']);
  },
);
