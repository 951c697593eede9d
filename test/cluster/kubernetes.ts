import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Cold, on two cores that do something else as well. */
const buildTimeoutMs = 20 * 60_000;

/** The directory of a file of the recipe, for whoever starts one. */
export const recipe = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/**
 * The directory that the components of Kubernetes are in, built on first use. Undefined where they cannot be had; in CI
 * that is an error, for a test that is left out there is a failure.
 */
export async function findKubernetes(): Promise<string | undefined> {
  try {
    await run('etcd', ['--version']);
    const { stdout } = await run(recipe('build'), { timeout: buildTimeoutMs, maxBuffer: 16 * 1024 * 1024 });
    return stdout.trim();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (process.env.CI) throw new Error(`Kubernetes is needed: ${why}`);
    process.stderr.write(`Skipping tests that need Kubernetes (Go and etcd-server): ${why.slice(0, 500)}\n`);
    return undefined;
  }
}
