import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { read } from './checkout.ts';
import { products, type WorkspacePackage } from './workspace.ts';

/** What an entry passes on, file by file: all of a file's exports, or those it names. */
function passedOn(entry: string): { readonly file: string; readonly names?: readonly string[] }[] {
  const text = read(entry);
  const stars = [...text.matchAll(/^export \* from '([^']+)';/gm)].map(([, from]) => ({
    file: resolve(entry, from),
  }));
  const named = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)';/gm)].map(
    ([, list, from]) => ({
      file: resolve(entry, from),
      names: (list ?? '').split(',').flatMap((part) => /(?:type )?(\w+)/.exec(part.trim())?.[1] ?? []),
    }),
  );
  return [...stars, ...named];
}

const resolve = (entry: string, from = ''): string => normalize(join(dirname(entry), from));

/**
 * Functions and classes without a docstring right before them. Types and schemas explain themselves field by field,
 * where a field needs it.
 */
function undocumented(file: string, names?: readonly string[]): string[] {
  const declarations = read(file).matchAll(
    /(\*\/\n)?^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class) (\w+)/gm,
  );
  return [...declarations]
    .filter(([, , name = '']) => names === undefined || names.includes(name))
    .filter(([, documented]) => documented === undefined)
    .map(([, , name]) => `${file}: ${name}`);
}

const entriesOf = (one: WorkspacePackage): string[] =>
  one.sources.filter((path) => dirname(path) === `${one.directory}/src` && !/(main|\.test)\.ts$/.test(path));

describe('public functions and classes', () => {
  it.each(products.map((one) => [one.name, one] as const))('of %s say what they do', (_, one) => {
    const missing = entriesOf(one).flatMap((entry) =>
      passedOn(entry).flatMap(({ file, names }) => undocumented(file, names)),
    );
    expect(missing).toEqual([]);
  });
});
