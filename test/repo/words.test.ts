import { expect, it } from 'vitest';
import { files, read } from './checkout.ts';

/**
 * What has no place in the repository: addresses of package registries (which are the reader's own to choose),
 * absolute paths of the machine something was written on, and work left for later. Spelt so that this file does
 * not match itself.
 */
const forbidden: readonly RegExp[] = [
  new RegExp(['registry', 'npmjs'].join('\\.')),
  new RegExp(['proxy', 'golang'].join('\\.')),
  new RegExp(['(deb|ftp)', 'debian', 'org'].join('\\.')),
  new RegExp(`(^|[\\s'"\`(=:])/${'work'}/`),
  new RegExp(`(^|[\\s'"\`(=:])/${'root'}/`),
  new RegExp(`/${'Users'}/[a-z]`),
  new RegExp(`\\b(${['TODO', 'FIXME', 'XXX'].join('|')})\\b`),
];

const text = /\.(ts|mjs|js|json|md|ya?ml|sh|cjs|css|html|toml|txt)$|^(bin|\.ci)\//;

it('holds no registry addresses, machine paths or reminders', () => {
  const found = files
    .filter((path) => text.test(path) && path !== 'pnpm-lock.yaml' && path !== 'test/repo/words.test.ts')
    .flatMap((path) =>
      read(path)
        .split('\n')
        .flatMap((line, index) =>
          forbidden.some((one) => one.test(line)) ? [`${path}:${index + 1} ${line.trim()}`] : [],
        ),
    );
  expect(found).toEqual([]);
});

it('has no registry addresses in the lockfile either', () => {
  expect(
    read('pnpm-lock.yaml')
      .split('\n')
      .filter((line) => /https?:\/\//.test(line)),
  ).toEqual([]);
});
