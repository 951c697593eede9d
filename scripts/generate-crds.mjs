import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './lib/checkout.mjs';
import { customResourceDefinition, customResources } from './lib/custom-resource.mjs';
import { Failure, runScript } from './lib/failure.mjs';

const directory = 'charts/tapedeck/files/crds';
const heading = '# Made from the schemas of packages/core by `npm run docs`.\n';

/** @param {string} path */
function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // Not made yet.
  }
}

/**
 * Writes the CustomResourceDefinition of each kind from core's schemas, as they were last built; with `--check` writes
 * nothing and fails on a stale file.
 */
async function main() {
  const check = process.argv.includes('--check');
  const load = async (/** @type {string} */ owner, /** @type {string} */ name) =>
    await import(pathToFileURL(createRequire(join(root, owner, 'package.json')).resolve(name)).href);
  const { z } = await load('packages/core', 'zod');
  const yaml = await load('packages/cli', 'yaml');
  const core = await import(pathToFileURL(join(root, 'packages/core/dist/index.js')).href);
  mkdirSync(join(root, directory), { recursive: true });
  const stale = [];
  for (const resource of customResources) {
    const schema = z.toJSONSchema(core.resourceSchemas[resource.kind], {
      target: 'openapi-3.0',
      io: 'input',
    });
    const definition = customResourceDefinition(resource, schema);
    const name = `${resource.plural}.yaml`;
    const path = join(root, directory, name);
    const text = `${heading}${yaml.stringify(definition, { lineWidth: 0, aliasDuplicateObjects: false })}`;
    if (readText(path) === text) continue;
    stale.push(`${directory}/${name}`);
    if (!check) writeFileSync(path, text);
  }
  if (check && stale.length > 0) {
    throw new Failure(`${stale.join(', ')} is not what the schemas say: run npm run docs.`);
  }
  for (const path of stale) process.stderr.write(`${path}: written\n`);
}

await runScript(main);
