import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { files, read, root } from './checkout.ts';
import { codeBlocks, pages } from './markdown.ts';

/** Where commands are written for people to copy: consoles in pages, and what set-up and examples say. */
const texts = [
  ...pages.flatMap((page) =>
    codeBlocks(page)
      .filter(({ language }) => language === 'console')
      .map(({ line, text }) => ({ place: `${page}:${line}`, text: text.replace(/^(?!\$ ).*$/gm, '') })),
  ),
  ...files
    .filter((path) => /^(scripts\/start\.mjs|examples\/.*\.ya?ml)$/.test(path))
    .map((place) => ({ place, text: read(place) })),
];

/** `bin/tapedeck storage check NAME --wait 2m` → words `storage check`, flags `--wait`. */
const commands = texts.flatMap(({ place, text }) =>
  [...text.matchAll(/^.*?(?:bin\/)tapedeck ([a-z][^\n#`]*)/gm)].map(([, line = '']) => ({
    place,
    line: line.trim(),
    flags: [...line.matchAll(/(?<=\s)(--?[a-z][a-z-]*)/g)].flatMap(([, flag]) => flag ?? []),
  })),
);

function help(...words: readonly string[]): string {
  return execFileSync(join(root, 'bin', 'tapedeck'), [...words, '--help'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

describe('commands that a reader copies', () => {
  it.each(commands.map(({ place, line, flags }) => [place, line, flags] as const))(
    '%s: tapedeck %s is known, flags and all',
    (_, line, flags) => {
      const [first = '', second = ''] = line.split(/\s+/);
      expect(help()).toMatch(new RegExp(`^\\s+${first}\\b`, 'm'));
      const nested = new RegExp(`^\\s+${second}\\b`, 'm').test(help(first).split(/^Commands:/m)[1] ?? '');
      const known = nested ? help(first, second) : help(first);
      expect(flags.filter((flag) => !new RegExp(`(^|\\s)${flag}\\b`, 'm').test(known))).toEqual([]);
    },
  );

  it('are found at all', () => {
    expect(commands.length).toBeGreaterThan(5);
  });
});

describe('exit codes', () => {
  it('are on the page as in the help', () => {
    const said = [...(help().split('\nExit codes:\n')[1] ?? '').matchAll(/^ +(\d+) +(.+)$/gm)];
    const table = read('docs/command-line.md').split('\n## Exit codes\n')[1] ?? '';
    const rows = [...table.matchAll(/^\| (\d+) \| (.+) \|$/gm)];
    const pairs = (found: readonly RegExpMatchArray[]) => found.map(([, code, meaning]) => [code, meaning]);
    expect(said.length).toBeGreaterThan(5);
    expect(pairs(rows)).toEqual(pairs(said));
  });
});
