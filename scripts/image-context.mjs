import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { bundledPackages } from './lib/bundled-packages.mjs';
import { root, toolsDirectory } from './lib/checkout.mjs';
import { Failure, runScript } from './lib/failure.mjs';

/** What each image holds beside Node: the bundle of a package, as it was last built. */
const owners = { recorder: 'packages/recorder', operator: 'operator' };

/**
 * `image-context NAME` puts together what the image of that name is built from, and prints the directory:
 * `buildah build --tag tapedeck/recorder "$(node scripts/image-context.mjs recorder)"`.
 */
async function main() {
  const name = process.argv[2] ?? '';
  const owner = Object.entries(owners).find(([known]) => known === name)?.[1];
  if (owner === undefined) throw new Failure(`Name one of the images: ${Object.keys(owners).join(', ')}.`);
  const bundle = join(owner, 'dist/bundle');
  const meta = join(root, owner, 'dist/bundle-meta.json');
  if (!existsSync(meta)) throw new Failure(`${bundle} is not there: run npm run build.`);
  const context = join(toolsDirectory, 'images', name);
  rmSync(context, { recursive: true, force: true });
  mkdirSync(context, { recursive: true });
  cpSync(join(root, 'images', name, 'Dockerfile'), join(context, 'Dockerfile'));
  cpSync(join(root, bundle), join(context, 'app'), { recursive: true });
  cpSync(process.execPath, join(context, 'node'), { dereference: true });
  // What the image is asked for its bill of materials with, while it is built.
  cpSync(join(root, 'scripts/write-bill.mjs'), join(context, 'bill/write-bill.mjs'));
  cpSync(join(root, 'scripts/lib/bill-of-materials.mjs'), join(context, 'bill/lib/bill-of-materials.mjs'));
  const bundled = bundledPackages(JSON.parse(readFileSync(meta, 'utf8')), join(root, owner));
  writeFileSync(join(context, 'bill/bundled.json'), JSON.stringify(bundled, null, 2));
  settleModes(context);
  process.stdout.write(`${context}\n`);
}

/** Whatever the umask of who builds: directories and node for all to enter and run, files for all to read. @param {string} directory */
function settleModes(directory) {
  chmodSync(directory, 0o755);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) settleModes(path);
    else chmodSync(path, entry.name === 'node' ? 0o755 : 0o644);
  }
}

await runScript(main);
