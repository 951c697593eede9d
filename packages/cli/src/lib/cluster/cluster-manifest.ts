import { TapedeckError } from '@tapedeck/core/error';
import { z } from 'zod';
import { resourceName } from '../kind-name.ts';
import { type LocalManifest, toLocalManifest } from '../manifest/local-manifest.ts';
import { readManifests } from '../manifest/manifest-file.ts';
import type { Terminal } from '../terminal.ts';
import type { Cluster } from './cluster.ts';
import { applySecret } from './cluster-secret.ts';

export interface ClusterFileOptions {
  readonly filename: readonly string[];
  readonly namespace?: string;
}

/** Reads files for a cluster. Rejects with `InvalidManifest` also where they name a file or a directory of this machine. */
export async function readClusterManifest(
  terminal: Terminal,
  options: ClusterFileOptions,
): Promise<LocalManifest> {
  const manifest = toLocalManifest(await readManifests(options.filename, terminal.stdin), {
    namespace: options.namespace,
    cwd: process.cwd(),
  });
  refuseOwnFiles(manifest);
  return manifest;
}

/** No node of the cluster has them, and a recorder's own disk goes with its pod. */
export function refuseOwnFiles({ resources }: LocalManifest): void {
  for (const { key, manifest } of resources) {
    const what = ownFile(manifest.spec);
    if (what === undefined) continue;
    throw new TapedeckError(
      'InvalidManifest',
      `${resourceName(key.kind, key.name)}: ${what} is on this machine, where no pod of the cluster comes to it; leave --context and --kubeconfig out to record here`,
    );
  }
}

const streamed = z.object({ source: z.object({ stream: z.object({ url: z.string() }) }) });

function ownFile(spec: Readonly<Record<string, unknown>>): string | undefined {
  if (spec.provider === 'Local') return 'spec.local.directory';
  const url = streamed.safeParse(spec).data?.source.stream.url;
  return url?.startsWith('file:') === true ? 'spec.source.stream.url' : undefined;
}

/** Secrets first: what refers to them is looked at as soon as it is there. Each is told as it is written. */
export async function applySecrets(
  { calls }: Cluster,
  { secrets }: LocalManifest,
  tell: (text: string) => void,
): Promise<void> {
  for (const entry of secrets) tell(`secret/${entry.name} ${await applySecret(calls, entry)}`);
}
