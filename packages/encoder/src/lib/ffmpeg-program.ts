import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join, sep } from 'node:path';
import { TapedeckError } from '@tapedeck/core/error';

type Program = 'ffmpeg' | 'ffprobe';

const variables: Readonly<Record<Program, string>> = {
  ffmpeg: 'TAPEDECK_FFMPEG',
  ffprobe: 'TAPEDECK_FFPROBE',
};

/**
 * Path of ffmpeg: `TAPEDECK_FFMPEG`, else the first in `PATH`. Rejects with `EncoderMissing`, saying what to
 * install. `environment` is for tests.
 */
export async function findFfmpeg(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  return await findProgram('ffmpeg', environment);
}

/** Likewise for ffprobe and `TAPEDECK_FFPROBE`. */
export async function findFfprobe(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  return await findProgram('ffprobe', environment);
}

async function findProgram(program: Program, environment: NodeJS.ProcessEnv): Promise<string> {
  const named = environment[variables[program]];
  const candidates = named ? [named] : pathCandidates(program, environment);
  for (const candidate of candidates) if (await isExecutable(candidate)) return candidate;
  throw new TapedeckError(
    'EncoderMissing',
    named
      ? `${variables[program]} names ${named}, which is no program that can be run; correct or unset it.`
      : `${program} is not installed; install it (Debian and Ubuntu: apt-get install ffmpeg, macOS: brew install ffmpeg) or set ${variables[program]}.`,
  );
}

function pathCandidates(program: string, environment: NodeJS.ProcessEnv): string[] {
  const directories = (environment.PATH ?? '').split(delimiter).filter((directory) => directory !== '');
  return directories.map((directory) => join(directory, program));
}

async function isExecutable(path: string): Promise<boolean> {
  if (!path.includes(sep)) return false;
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    // Missing or not ours to run: the next candidate decides.
    return false;
  }
}

/**
 * util-linux's setpriv, where there is one: with it the kernel kills a child when we die, even one that waits
 * for a source that sends nothing and would never write into its broken pipe.
 */
export async function findSetpriv(environment: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  for (const candidate of pathCandidates('setpriv', environment)) {
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}
