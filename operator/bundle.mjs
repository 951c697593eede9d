import { writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

/** The operator as one file: the client of Kubernetes is some thousand, which take 400 ms to load. */
const { metafile } = await build({
  metafile: true,
  entryPoints: { operator: 'dist/main.js' },
  outdir: 'dist/bundle',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
  banner: {
    // What the CommonJS among the dependencies expects to find.
    js: [
      "import { createRequire as createRequireOfBundle } from 'node:module';",
      'const require = createRequireOfBundle(import.meta.url);',
      'const __dirname = import.meta.dirname;',
      'const __filename = import.meta.filename;',
    ].join('\n'),
  },
});
// For the image's bill of materials.
await writeFile('dist/bundle-meta.json', JSON.stringify(metafile));
