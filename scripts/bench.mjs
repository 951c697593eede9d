import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, toolsDirectory } from './lib/checkout.mjs';
import { runAttached } from './lib/command.mjs';
import { Failure, runScript } from './lib/failure.mjs';
import { setUp } from './setup.mjs';

const directory = join(root, 'test', 'bench');

/** `npm run bench` lists the benchmarks; `npm run bench NAME…` runs them one after the other, `all` every one. */
async function main() {
  const known = readdirSync(directory)
    .filter((file) => /^[a-z-]+\.ts$/.test(file))
    .map((file) => file.replace(/\.ts$/, ''));
  const args = process.argv.slice(2);
  // Names come first; from the first option on all is theirs, values too.
  const first = args.findIndex((arg) => arg.startsWith('--'));
  const names = first < 0 ? args : args.slice(0, first);
  const options = first < 0 ? [] : args.slice(first);
  if (names.length === 0) {
    process.stdout.write(`${known.join('\n')}\n`);
    process.stderr.write(
      'npm run bench NAME… runs them, npm run bench all every one: see test/bench/README.md\n',
    );
    return 0;
  }
  const unknown = names.filter((name) => name !== 'all' && !known.includes(name));
  if (unknown.length > 0)
    throw new Failure(`No benchmark ${unknown.join(', ')}; there are ${known.join(', ')}.`);
  await setUp();
  let missed = 0;
  for (const name of names.includes('all') ? known : names) {
    const code = await runAttached(join(toolsDirectory, 'bin', 'node'), [
      join(directory, `${name}.ts`),
      ...options,
    ]);
    if (code !== 0) missed += 1;
  }
  return missed === 0 ? 0 : 1;
}

await runScript(main);
