import { basename, dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { files, read } from './checkout.ts';
import { importsOf, products, type WorkspacePackage } from './workspace.ts';

const named = products.map((one) => [one.name, one] as const);

/** Names that say nothing about what is inside. */
const emptyNames = /^(misc|utils?|helpers?|common|shared|stuff|lib)\b/;

/** The source of a built file: `./dist/error.js` is made of `src/error.ts`. */
const sourceOf = (one: WorkspacePackage, built: string): string =>
  normalize(join(one.directory, built.replace(/^\.\/dist\//, 'src/').replace(/(\.d\.ts|\.js)$/, '.ts')));

const entries = (one: WorkspacePackage): string[] =>
  [...Object.values(one.manifest.exports), ...Object.values(one.manifest.bin)]
    .flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)))
    .filter((target) => /\.(js|d\.ts)$/.test(target));

describe('the layout', () => {
  it.each(named)('every exports key of %s is one file directly in src/', (_, one) => {
    const sources = [...new Set(entries(one).map((built) => sourceOf(one, built)))];
    expect(
      sources.filter((path) => !files.includes(path) || dirname(path) !== `${one.directory}/src`),
    ).toEqual([]);
  });

  it.each(named)('src/ of %s holds entries only, the rest is private under src/lib', (_, one) => {
    const known = new Set(entries(one).map((built) => sourceOf(one, built)));
    // main.ts is a program: started, never imported.
    known.add(`${one.directory}/src/main.ts`);
    const top = one.sources.filter((path) => dirname(path) === `${one.directory}/src`);
    expect(top.filter((path) => !known.has(path) && !path.endsWith('.test.ts'))).toEqual([]);
  });

  it('no package reaches into the private files of another', () => {
    const reaching = files
      .filter((path) => /\.(ts|mjs)$/.test(path))
      .flatMap(importsOf)
      .filter(({ file, specifier }) => {
        if (/^@tapedeck\/[^/]+\/(src|dist|lib)\b/.test(specifier)) return true;
        if (!specifier.startsWith('.')) return false;
        const target = normalize(join(dirname(file), specifier));
        const owner = /^packages\/[^/]+\/|^operator\//.exec(target)?.[0];
        return owner !== undefined && !file.startsWith(owner);
      });
    expect(reaching).toEqual([]);
  });

  it('files and directories are in kebab-case and named after what they hold', () => {
    const checked = files.filter((path) => /^(packages|operator|test|scripts|examples|docs)\//.test(path));
    const names = new Set(checked.flatMap((path) => path.split('/')));
    const odd = [...names].filter((name) => {
      if (/^(README|CONTRIBUTING|CHANGELOG)\.md$/.test(name)) return false;
      const stem = name.replace(/\.(test|integration\.test|d|config)?\.?[a-z0-9]+$/, '');
      return !/^\.?[a-z0-9]+([-.][a-z0-9]+)*$/.test(name) || (emptyNames.test(stem) && name !== 'lib');
    });
    expect(odd).toEqual([]);
  });

  it('relative imports name the file that exists', () => {
    const broken = files
      .filter((path) => /\.(ts|mjs)$/.test(path))
      .flatMap(importsOf)
      .filter(({ file, specifier }) => {
        return specifier.startsWith('.') && !files.includes(normalize(join(dirname(file), specifier)));
      });
    expect(broken).toEqual([]);
  });

  it('entries only pass on what src/lib defines', () => {
    const defining = products
      .flatMap((one) => one.sources)
      .filter((path) => basename(path) === 'index.ts')
      .filter((path) => /^export (async )?(function|const|class|interface|type \w+ =)/m.test(read(path)));
    expect(defining).toEqual([]);
  });
});
