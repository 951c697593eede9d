import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Kind, ResourceKey } from '@tapedeck/control';
import { type RecordingSource, type Resource, secretValues, TapedeckError } from '@tapedeck/core';
import type { Appliable } from '../local/apply-merge.ts';
import type { SecretEntry } from '../local/secret-cache.ts';

/** What a file asks of local mode. */
export interface LocalManifest {
  readonly secrets: readonly SecretEntry[];
  readonly resources: readonly { readonly key: ResourceKey; readonly manifest: Appliable }[];
}

/**
 * Sorts a file's resources for local mode: Secrets go to memory, the rest into the store. Relative paths are taken
 * from `cwd` once and for all, because the process that records has another working directory.
 */
export function toLocalManifest(
  all: readonly Resource[],
  options: { readonly namespace: string | undefined; readonly cwd: string },
): LocalManifest {
  const secrets: SecretEntry[] = [];
  const resources: { key: ResourceKey; manifest: Appliable }[] = [];
  for (const resource of all) {
    const { name, labels, annotations } = resource.metadata;
    const namespace = resource.metadata.namespace ?? options.namespace ?? 'default';
    if (options.namespace !== undefined && namespace !== options.namespace) {
      throw new TapedeckError(
        'InvalidManifest',
        `${resource.kind} ${name} is in namespace ${namespace}, which -n ${options.namespace} speaks against`,
      );
    }
    if (resource.kind === 'Secret') {
      secrets.push({ namespace, name, values: secretValues(resource) });
      continue;
    }
    const kind: Kind = resource.kind;
    resources.push({
      key: { kind, namespace, name },
      manifest: { labels, annotations, spec: absoluteSpec(resource, options.cwd) },
    });
  }
  return { secrets, resources };
}

function absoluteSpec(resource: Exclude<Resource, { kind: 'Secret' }>, cwd: string): Appliable['spec'] {
  if (resource.kind === 'ExternalStorage') {
    const { local } = resource.spec;
    if (local === undefined) return resource.spec;
    return { ...resource.spec, local: { ...local, directory: resolve(cwd, local.directory) } };
  }
  if (resource.kind === 'RecordingCopy') return resource.spec;
  const { source } = resource.spec;
  return source === undefined ? resource.spec : { ...resource.spec, source: absoluteSource(source, cwd) };
}

function absoluteSource(source: RecordingSource, cwd: string): RecordingSource {
  const url = source.stream?.url;
  if (url === undefined || !url.startsWith('./')) return source;
  return { ...source, stream: { ...source.stream, url: pathToFileURL(resolve(cwd, url)).href } };
}
