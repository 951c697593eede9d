import { parseManifest, type Resource } from '@tapedeck/core';

/** A storage that is there: the manifests that a test would write of it, its Secret among them. */
export type StandIn = readonly object[];

/** What kustomize is told: the files of the examples, and what is put over them. */
export interface Overlay {
  readonly patches: readonly object[];
  /** Secrets that the examples do without: of what is a directory in them. */
  readonly secrets: readonly object[];
}

const header = { apiVersion: 'tapedeck.dev/v1alpha1' };
/** Where an example would go on until somebody stops it. */
const elapsed = '6s';

/**
 * What the examples leave to their reader, and nothing else: where each storage is and who writes there, where the
 * broadcast and the page come from, and an end. Throws where a storage of theirs has no stand-in.
 */
export function overlayExamples(
  examples: readonly Resource[],
  standIns: Readonly<Record<string, StandIn>>,
  urls: { readonly broadcast: string; readonly page: string },
): Overlay {
  const patches: object[] = [];
  const secrets: object[] = [];
  for (const { kind, metadata, spec } of examples.filter((one) => one.kind !== 'Secret')) {
    const { name } = metadata;
    if (kind === 'Recording') {
      const { type } = spec.source ?? {};
      const source =
        (type === 'Stream' && { source: { stream: { url: urls.broadcast } } }) ||
        (type === 'Page' && { source: { page: { url: urls.page } } });
      const end = spec.stopWhen === undefined && { stopWhen: { elapsed } };
      if (source || end)
        patches.push(merged({ ...header, kind, metadata: { name }, spec: { ...source, ...end } }));
    }
    if (kind !== 'ExternalStorage') continue;
    const standIn = (standIns[name] ?? []).map(parseManifest);
    const secret = standIn.find((one) => one.kind === 'Secret');
    const storage = standIn.find((one) => one.kind === 'ExternalStorage');
    if (secret === undefined || storage === undefined)
      throw new Error(`${name} of the examples has no stand-in`);
    if (spec.provider === 'Local') {
      const target = { kind, name };
      patches.push({
        target,
        patch: JSON.stringify([{ op: 'replace', path: '/spec', value: storage.spec }]),
      });
      secrets.push(secret);
      continue;
    }
    const { credentials: _, ...where } = storage.spec;
    patches.push(merged({ ...header, kind, metadata: { name }, spec: where }));
    const secretName = spec.credentials?.secretRef?.name;
    const asked = examples.find((one) => one.kind === 'Secret' && one.metadata.name === secretName);
    patches.push(
      merged({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: secretName },
        stringData: { ...without(asked?.kind === 'Secret' ? asked.stringData : {}), ...secret.stringData },
      }),
    );
  }
  return { patches, secrets };
}

const merged = (patch: object): object => ({ patch: JSON.stringify(patch) });

/** Takes those keys away: the stand-in may be logged in to in another way. */
const without = (keys: object = {}): object =>
  Object.fromEntries(Object.keys(keys).map((key) => [key, null]));
