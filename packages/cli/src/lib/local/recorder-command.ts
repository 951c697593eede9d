import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { recorderNodeOptions } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';
import type { RecorderCommand } from './child-run.ts';

/**
 * The recorder: what TAPEDECK_RECORDER names, or the one that is installed with this command. It is a program of its
 * own, so that nothing it loads is loaded here.
 */
export function findRecorder(
  env: Readonly<Record<string, string | undefined>> = process.env,
): RecorderCommand {
  const path =
    env.TAPEDECK_RECORDER ?? fileURLToPath(new URL('../../../../recorder/dist/main.js', import.meta.url));
  if (!existsSync(path)) {
    throw new TapedeckError(
      'NotFound',
      `the recorder is not at ${path}: install Tapedeck anew, or set TAPEDECK_RECORDER to it`,
    );
  }
  return /\.[cm]?js$/.test(path) ? [process.execPath, ...recorderNodeOptions, path] : [path];
}
