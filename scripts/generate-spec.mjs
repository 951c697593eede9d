import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './lib/checkout.mjs';
import { Failure, runScript } from './lib/failure.mjs';
import { fieldRows, fillTables, markdownTable } from './lib/field-table.mjs';

/** Each page and the schema that its tables are made from. */
const pages = {
  'external-storage': 'externalStorage',
  recording: 'recording',
  'recording-copy': 'recordingCopy',
  'recording-profile': 'recordingProfile',
};

/**
 * Fills the field tables of docs/spec from core's schemas, as they were last built; with `--check` writes nothing and
 * fails on a stale page.
 */
async function main() {
  const check = process.argv.includes('--check');
  const require = createRequire(join(root, 'packages/core/package.json'));
  const { z } = await import(pathToFileURL(require.resolve('zod')).href);
  const core = await import(pathToFileURL(join(root, 'packages/core/dist/index.js')).href);
  const stale = [];
  for (const [page, schemaName] of Object.entries(pages)) {
    const path = join(root, 'docs/spec', `${page}.md`);
    const schema = z.toJSONSchema(core[schemaName], { target: 'openapi-3.0', io: 'input' });
    const before = readFileSync(path, 'utf8');
    const after = fillTables(before, (name) => markdownTable(fieldRows(schema.properties[name])));
    if (after === before) continue;
    stale.push(`docs/spec/${page}.md`);
    if (!check) writeFileSync(path, after);
  }
  if (check && stale.length > 0) {
    throw new Failure(`${stale.join(', ')} is not what the schemas say: run npm run docs.`);
  }
  for (const path of stale) process.stderr.write(`${path}: written\n`);
}

await runScript(main);
