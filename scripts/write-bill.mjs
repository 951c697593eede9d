import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { billOfMaterials, debianParts } from './lib/bill-of-materials.mjs';

/**
 * Run inside of an image while that is built, see images/: writes down what is really in it, as dpkg knows it and as the
 * bundler saw it. `write-bill IMAGE VERSION FILE`; beside it lies bundled.json.
 */
const [image = '', version = '', file = ''] = process.argv.slice(2);
const fields = ['Package', 'Version', 'Architecture'].map((field) => `\${${field}}`);
const format = `${fields.join('\\t')}\\n`;
const installed = execFileSync('dpkg-query', ['--show', '--showformat', format], { encoding: 'utf8' });
const codename = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
const bundled = JSON.parse(readFileSync(join(import.meta.dirname, 'bundled.json'), 'utf8'));
/** @type {import('./lib/bill-of-materials.mjs').Part} */
const node = { kind: 'generic', name: 'node', version: process.versions.node, license: 'MIT' };
const bill = billOfMaterials({
  image,
  version,
  distribution: `debian-${codename}`,
  parts: [node, ...debianParts(installed), ...bundled],
});
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(bill, null, 2)}\n`);
