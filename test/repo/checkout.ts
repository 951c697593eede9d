import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's root, without a slash at its end. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/**
 * Every file that is, or is about to be, part of the repository: tracked ones and new ones that nothing ignores.
 * Relative to the root, with slashes.
 */
export const files: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'],
  { cwd: root, encoding: 'utf8' },
)
  .split('\n')
  .filter((path) => path !== '' && isReadable(path))
  .sort();

/** A file may be deleted and not yet committed. */
function isReadable(path: string): boolean {
  try {
    readFileSync(join(root, path));
    return true;
  } catch {
    // Gone, or a link to nowhere: not something to check.
    return false;
  }
}

export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

export const readJson = (path: string): unknown => JSON.parse(read(path));
