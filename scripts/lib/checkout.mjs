import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's root. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Everything that set-up makes besides node_modules and dist; deleting it is always safe. */
export const toolsDirectory = join(root, '.tools');

/** The one place of each pinned version: .node-version, and packageManager in package.json. */
export const pinned = {
  node: readFileSync(join(root, '.node-version'), 'utf8').trim(),
  pnpm: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.split('@')[1],
};

/** The environment of every program that set-up starts: the pinned Node and pnpm first, no telemetry. */
export function toolEnvironment() {
  return {
    ...process.env,
    PATH: `${join(toolsDirectory, 'bin')}:${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`,
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
  };
}
