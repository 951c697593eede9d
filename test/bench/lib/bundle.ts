import { join } from 'node:path';
import { build } from 'esbuild';
import { recorderBundle } from '../../../scripts/lib/recorder-bundle.mjs';

/** A program of the benchmarks as few files, the way the recorder is shipped: what it takes is then the same. */
export async function bundleProgram(source: string, directory: string): Promise<string> {
  await build({ ...recorderBundle(), entryPoints: { program: source }, outdir: directory });
  return join(directory, 'program.mjs');
}
