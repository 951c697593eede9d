import { dirname, join, normalize } from 'node:path';
import { z } from 'zod';
import { files, read, readJson } from './checkout.ts';

const versions = z.record(z.string(), z.string()).default({});

const manifest = z.object({
  name: z.string(),
  exports: z.record(z.string(), z.union([z.string(), z.record(z.string(), z.string())])).default({}),
  bin: z.record(z.string(), z.string()).default({}),
  dependencies: versions,
  devDependencies: versions,
  peerDependencies: versions,
  optionalDependencies: versions,
});

/** One workspace package as it is on disk. */
export interface WorkspacePackage {
  /** Relative to the root; '.' for the root itself. */
  readonly directory: string;
  /** Without the scope: `core`. */
  readonly name: string;
  readonly manifest: z.infer<typeof manifest>;
  /** TypeScript files below src/, relative to the root. */
  readonly sources: readonly string[];
}

export const packages: readonly WorkspacePackage[] = files
  .filter((path) => /^(package|[^/]+\/package|packages\/[^/]+\/package)\.json$/.test(path))
  .map((path) => {
    const directory = dirname(path);
    const parsed = manifest.parse(readJson(path));
    return {
      directory,
      name: parsed.name.replace('@tapedeck/', ''),
      manifest: parsed,
      sources: files.filter((file) => file.startsWith(`${directory}/src/`) && file.endsWith('.ts')),
    };
  });

/** What a package may be made of: not the root and not the tests. */
export const products = packages.filter((one) => one.sources.length > 0);

/** An import as it is written, and the file it is in. */
export interface Import {
  readonly file: string;
  readonly specifier: string;
}

/** `import … from 'x'`, `export … from 'x'`, `import 'x'` and `import('x')`. */
const importPattern = /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)'([^'\n]+)'/g;

export function importsOf(file: string): Import[] {
  return [...read(file).matchAll(importPattern)].flatMap(([, specifier]) =>
    specifier === undefined ? [] : [{ file, specifier }],
  );
}

/** Workspace packages that a specifier names: `core` for `@tapedeck/core/error`. */
export const workspaceName = (specifier: string): string | undefined =>
  /^@tapedeck\/([^/]+)/.exec(specifier)?.[1];

/** The package directories that a package's tsconfig refers to, relative to the root. */
export function references(one: WorkspacePackage): string[] {
  const config = z
    .object({ references: z.array(z.object({ path: z.string() })).default([]) })
    .parse(readJson(`${one.directory}/tsconfig.json`));
  return config.references.map(({ path }) => normalize(join(one.directory, path)));
}
