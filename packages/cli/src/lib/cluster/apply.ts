import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { resourceName } from '../kind-name.ts';
import type { Terminal } from '../terminal.ts';
import type { Cluster } from './cluster.ts';
import { applySecrets, type ClusterFileOptions, readClusterManifest } from './cluster-manifest.ts';

/** Writes what the files say; the operator does the rest. */
export async function applyToCluster(
  cluster: Cluster,
  terminal: Terminal,
  options: ClusterFileOptions,
): Promise<CliExitCode> {
  const manifest = await readClusterManifest(terminal, options);
  await applySecrets(cluster, manifest, terminal.print);
  const outcomes = await cluster.store.apply(manifest.resources);
  for (const [index, { key }] of manifest.resources.entries()) {
    terminal.print(`${resourceName(key.kind, key.name)} ${outcomes[index]}`);
  }
  return cliExitCodes.Done;
}
