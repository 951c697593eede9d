import { utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toolsDirectory } from './lib/checkout.mjs';
import { Failure, runScript } from './lib/failure.mjs';
import { withLock } from './lib/lock.mjs';
import { runStep } from './lib/step.mjs';
import { ffmpeg, installHint, installPackages, isInstalled, mayInstall } from './lib/system-package.mjs';
import { toolchain } from './lib/toolchain.mjs';
import { build, dependencies } from './lib/workspace.mjs';

/** Newer than every source while the build is current: what bin/tapedeck looks at before it starts. */
const readyFile = join(toolsDirectory, 'ready');

/**
 * Everything between `git clone` and a working `tapedeck`. What is done already is not done again: the second
 * call takes a fraction of a second.
 * @param {{ quiet?: boolean, requireFfmpeg?: boolean }} [options] `quiet`: no line for what was done before.
 * `requireFfmpeg: false`: its absence is only told, since not every command records.
 */
export async function setUp({ quiet = false, requireFfmpeg = true } = {}) {
  const startedAt = new Date();
  await withLock(join(toolsDirectory, 'lock'), async () => {
    for (const step of [toolchain, dependencies, build]) await runStep(step.title, { ...step, quiet });
  });
  await setUpFfmpeg({ quiet, required: requireFfmpeg });
  writeFileSync(readyFile, '');
  // The time before the build: what was written while it ran is newer and is built by the next call.
  utimesSync(readyFile, startedAt, startedAt);
}

/** @param {{ quiet: boolean, required: boolean }} options */
async function setUpFfmpeg({ quiet, required }) {
  const installable = isInstalled(ffmpeg) || (await mayInstall([ffmpeg]));
  if (installable) {
    await runStep('ffmpeg', {
      isDone: () => isInstalled(ffmpeg),
      run: () => installPackages([ffmpeg]),
      quiet,
    });
    return;
  }
  const sentence = `Tapedeck records with ffmpeg and ffprobe, which are not installed: ${installHint([ffmpeg])}`;
  if (required) throw new Failure(`${sentence}, then try again.`);
  process.stderr.write(`${sentence}.\n`);
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const command = process.argv.includes('--for-command');
  await runScript(() => setUp({ quiet: command, requireFfmpeg: !command }));
}
