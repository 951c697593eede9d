import { writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

/**
 * Of the client of Kubernetes only its kubeconfig is used, and calls are made with node:https (kube-api.ts). Its typed
 * calls, and the fetch that they are made with, are left out: more than half of the program, and some twenty megabytes
 * once it is loaded.
 */
const kubeconfigOnly = {
  name: 'kubeconfig-only',
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^@kubernetes\/client-node$/ }, ({ resolveDir }) =>
      resolve('@kubernetes/client-node/dist/config.js', { kind: 'import-statement', resolveDir }),
    );
    onResolve({ filter: /^(undici|\.\/gen\/.*)$/ }, ({ path, importer }) =>
      importer.includes('client-node') ? { path, namespace: 'left-out' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'module.exports = {};' }));
  },
};

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
  plugins: [kubeconfigOnly],
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
