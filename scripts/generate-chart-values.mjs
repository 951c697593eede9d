import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chartValues, describeValues, valuesTable } from './lib/chart-values.mjs';
import { root } from './lib/checkout.mjs';
import { Failure, runScript } from './lib/failure.mjs';
import { fillTables } from './lib/field-table.mjs';

const chart = 'charts/tapedeck';

/**
 * Writes the comments of the chart's values.yaml into the table of its README and into the descriptions of its schema; with
 * `--check` writes nothing and fails where one of them is stale.
 */
async function main() {
  const check = process.argv.includes('--check');
  const require = createRequire(join(root, 'packages/cli/package.json'));
  const yaml = await import(pathToFileURL(require.resolve('yaml')).href);
  const read = (/** @type {string} */ name) => readFileSync(join(root, chart, name), 'utf8');
  const values = chartValues(yaml.parseDocument(read('values.yaml')).contents);
  const schema = describeValues(JSON.parse(read('values.schema.json')), values);
  const made = {
    'README.md': fillTables(read('README.md'), () => valuesTable(values)),
    'values.schema.json': `${JSON.stringify(schema, null, 2)}\n`,
  };
  const stale = Object.entries(made).filter(([name, text]) => text !== read(name));
  if (check && stale.length > 0) {
    const names = stale.map(([name]) => `${chart}/${name}`).join(', ');
    throw new Failure(`${names} is not what values.yaml says: run npm run docs.`);
  }
  for (const [name, text] of stale) {
    writeFileSync(join(root, chart, name), text);
    process.stderr.write(`${chart}/${name}: written\n`);
  }
}

await runScript(main);
