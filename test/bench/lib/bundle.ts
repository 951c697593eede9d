import { join } from 'node:path';
import { build } from 'esbuild';

/** A program of the benchmarks as few files, the way the recorder is shipped: what it takes is then the same. */
export async function bundleProgram(source: string, directory: string): Promise<string> {
  await build({
    entryPoints: { program: source },
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    logLevel: 'warning',
    // Optional speed-ups that are not built here.
    external: ['cpu-features', '*.node'],
    banner: {
      js: [
        "import { createRequire as createRequireOfBundle } from 'node:module';",
        'const require = createRequireOfBundle(import.meta.url);',
        'const __dirname = import.meta.dirname;',
        'const __filename = import.meta.filename;',
      ].join('\n'),
    },
  });
  return join(directory, 'program.mjs');
}
