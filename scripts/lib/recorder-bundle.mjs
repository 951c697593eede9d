/** Of zod's messages; a file beside the list of all. */
const language = 'en';

/**
 * @param {string} name
 * @param {RegExp} filter Which file is replaced.
 * @param {string} contents
 */
function replaceFile(name, filter, contents) {
  return {
    name,
    /** @param {{ onLoad(options: { filter: RegExp }, callback: () => { contents: string }): void }} build */
    setup: ({ onLoad }) => onLoad({ filter }, () => ({ contents })),
  };
}

/**
 * How esbuild makes the recorder few files: it loads in a third of the CPU time and takes some 10 MB less memory than the
 * same program in a thousand. Names are kept, so that stacks in logs can be read.
 */
export function recorderBundle() {
  return {
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // A storage's SDK stays a file of its own, loaded when it is used.
    splitting: true,
    platform: /** @type {const} */ ('node'),
    format: /** @type {const} */ ('esm'),
    target: 'node24',
    plugins: [
      // zod's namespace holds its messages in all languages; a recorder speaks English.
      replaceFile(
        'one-language',
        /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/,
        `export { default as en } from ${JSON.stringify(`./${language}.js`)};`,
      ),
      // HTTP through SSH, which nobody asks for: without it SFTP does not load HTTP, TLS and every known certificate.
      replaceFile('no-http-agents', /[\\/]ssh2[\\/]lib[\\/]http-agents\.js$/, 'module.exports = {};'),
    ],
    minifyWhitespace: true,
    minifySyntax: true,
    // Native code that ssh2 does without where it is not there; it is not worth a compiler to have it.
    external: ['cpu-features', '*/sshcrypto.node'],
    logLevel: /** @type {const} */ ('warning'),
    banner: {
      // What the CommonJS among the dependencies expects to find.
      js: [
        "import { createRequire as createRequireOfBundle } from 'node:module';",
        'const require = createRequireOfBundle(import.meta.url);',
        'const __dirname = import.meta.dirname;',
        'const __filename = import.meta.filename;',
      ].join('\n'),
    },
  };
}
