import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Directories that are made, not written. */
const madeDirectories = new Set(['node_modules', 'dist', '.turbo']);

/** @param {string} path @returns {Generator<string>} */
function* walk(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    yield `${path} absent`;
  } else if (stat.isDirectory()) {
    for (const name of readdirSync(path).sort())
      if (!madeDirectories.has(name)) yield* walk(join(path, name));
  } else {
    yield `${path} ${stat.size} ${stat.mtimeMs}`;
  }
}

/**
 * A short text that changes when a file below the paths is added, removed or written: names, sizes and times,
 * so that it costs a few milliseconds.
 * @param {readonly string[]} paths
 */
export function fingerprint(paths) {
  const hash = createHash('sha256');
  for (const path of paths) for (const line of walk(path)) hash.update(`${line}\n`);
  return hash.digest('hex');
}

/** @param {string} path @param {string} text */
export function stampMatches(path, text) {
  try {
    return readFileSync(path, 'utf8') === text;
  } catch {
    // No stamp yet.
    return false;
  }
}

/** @param {string} path @param {string} text */
export function writeStamp(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
