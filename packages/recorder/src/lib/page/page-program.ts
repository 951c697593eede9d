import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { TapedeckError } from '@tapedeck/core';

/** Paths of the programs that a page is recorded with. */
export interface PagePrograms {
  readonly chromium: string;
  readonly xvfb: string;
  readonly pulseaudio: string;
}

const wanted = [
  ['chromium', 'TAPEDECK_CHROMIUM', ['chromium', 'chromium-browser', 'google-chrome']],
  ['xvfb', 'TAPEDECK_XVFB', ['Xvfb']],
  ['pulseaudio', 'TAPEDECK_PULSEAUDIO', ['pulseaudio']],
] as const;

/**
 * The programs by their variables, else the first in `PATH`. Rejects with `BrowserMissing`, naming every package that is
 * to be installed.
 */
export async function findPagePrograms(environment: NodeJS.ProcessEnv = process.env): Promise<PagePrograms> {
  const found = await Promise.all(
    wanted.map(async ([, variable, names]) => {
      const named = environment[variable];
      return await firstExecutable(named ? [named] : candidates(names, environment));
    }),
  );
  const missing = wanted.filter((_, index) => found[index] === undefined).map(([name]) => name);
  const [chromium, xvfb, pulseaudio] = found;
  if (chromium !== undefined && xvfb !== undefined && pulseaudio !== undefined)
    return { chromium, xvfb, pulseaudio };
  throw new TapedeckError(
    'BrowserMissing',
    `A page is recorded with Chromium, Xvfb and PulseAudio, and not there: ${missing.join(', ')}; install it (Debian and Ubuntu: apt-get install ${missing.join(' ')}) or record a stream.`,
  );
}

function candidates(names: readonly string[], environment: NodeJS.ProcessEnv): string[] {
  const directories = (environment.PATH ?? '').split(delimiter).filter((directory) => directory !== '');
  return names.flatMap((name) => directories.map((directory) => join(directory, name)));
}

async function firstExecutable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const runnable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runnable) return path;
  }
  return undefined;
}
