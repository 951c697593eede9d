import type { Kind, ResourceByKind } from '@tapedeck/control';
import { apiVersion, resourceSchemas } from '@tapedeck/core';
import type { KubernetesObject } from './kubernetes-object.ts';

const group = `/apis/${apiVersion}`;

/** The plural of a kind, as it stands in addresses and in rules of access. */
export const plurals = {
  ExternalStorage: 'externalstorages',
  Recording: 'recordings',
  RecordingCopy: 'recordingcopies',
  RecordingProfile: 'recordingprofiles',
} as const satisfies Record<Kind, string>;

/** Of all of a kind; of one namespace's where one is given. */
export function collectionPath(kind: Kind, namespace?: string): string {
  return namespace === undefined
    ? `${group}/${plurals[kind]}`
    : `${group}/namespaces/${namespace}/${plurals[kind]}`;
}

/** Of one of a kind. */
export function resourcePath(kind: Kind, namespace: string, name: string): string {
  return `${collectionPath(kind, namespace)}/${name}`;
}

/** A resource as control wants it, with what only Kubernetes knows of it. */
export interface StoredResource<K extends Kind> {
  readonly resource: ResourceByKind[K];
  readonly finalizers: readonly string[];
}

/**
 * Reads an object strictly, as the schema has it; what the schema does not know (managedFields above all) is not kept.
 * Undefined where it breaks the schema: a definition of another version is installed.
 */
export function readResource<K extends Kind>(
  kind: K,
  object: KubernetesObject,
): StoredResource<K> | undefined {
  const parsed = parse(kind, object);
  if (!parsed.success) return undefined;
  // The schema of a kind gives that kind.
  return { resource: parsed.data as ResourceByKind[K], finalizers: object.metadata.finalizers ?? [] };
}

/** What of an object `readResource` does not read, as `spec.video.height: Invalid input`. */
export function unreadablePart(kind: Kind, object: KubernetesObject): string {
  const [issue] = parse(kind, object).error?.issues ?? [];
  return issue === undefined ? 'nothing' : `${issue.path.join('.')}: ${issue.message}`;
}

function parse(kind: Kind, object: KubernetesObject) {
  // Items of a list come without these two.
  return resourceSchemas[kind].safeParse({ ...object, apiVersion, kind });
}
