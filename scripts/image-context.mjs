import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, toolsDirectory } from './lib/checkout.mjs';
import { Failure, runScript } from './lib/failure.mjs';

/** What each image holds beside Node: the bundle of a package, as it was last built. */
const bundles = { recorder: 'packages/recorder/dist/bundle', operator: 'operator/dist/bundle' };

/**
 * `image-context NAME` puts together what the image of that name is built from, and prints the directory:
 * `buildah build --tag tapedeck/recorder "$(node scripts/image-context.mjs recorder)"`.
 */
async function main() {
  const name = process.argv[2] ?? '';
  const bundle = Object.entries(bundles).find(([known]) => known === name)?.[1];
  if (bundle === undefined) throw new Failure(`Name one of the images: ${Object.keys(bundles).join(', ')}.`);
  if (!existsSync(join(root, bundle))) throw new Failure(`${bundle} is not there: run npm run build.`);
  const context = join(toolsDirectory, 'images', name);
  rmSync(context, { recursive: true, force: true });
  mkdirSync(context, { recursive: true });
  cpSync(join(root, 'images', name, 'Dockerfile'), join(context, 'Dockerfile'));
  cpSync(join(root, bundle), join(context, 'app'), { recursive: true });
  cpSync(process.execPath, join(context, 'node'), { dereference: true });
  process.stdout.write(`${context}\n`);
}

await runScript(main);
