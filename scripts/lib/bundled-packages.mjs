import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** @typedef {{ kind: 'npm', name: string, version: string, license?: string }} BundledPackage */

/**
 * The npm packages that a bundle holds code of: each file that esbuild says it took something from, by the package.json
 * above it. Tapedeck's own packages are among them.
 * @param {{ outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }> }} meta esbuild's metafile
 * @param {string} directory that the metafile's paths are relative to
 * @returns {BundledPackage[]}
 */
export function bundledPackages(meta, directory) {
  const inputs = new Set(
    Object.values(meta.outputs).flatMap((output) =>
      Object.entries(output.inputs)
        .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
        .map(([path]) => path),
    ),
  );
  /** @type {Map<string, BundledPackage>} */
  const found = new Map();
  for (const input of inputs) {
    const owner = ownerOf(resolve(directory, input));
    if (owner !== undefined) found.set(`${owner.name}@${owner.version}`, owner);
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The nearest package.json with a name: those inside of a package only tell the module system. @param {string} file @returns {BundledPackage | undefined} */
function ownerOf(file) {
  for (let at = dirname(file); at !== dirname(at); at = dirname(at)) {
    const path = join(at, 'package.json');
    if (!existsSync(path)) continue;
    const { name, version, license } = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof name !== 'string' || typeof version !== 'string') continue;
    return { kind: 'npm', name, version, ...(typeof license === 'string' ? { license } : {}) };
  }
  return undefined;
}
