import type { Kind, ResourceByKind, ResourceKey } from '@tapedeck/control';
import { createFieldReader } from './field-reader.ts';

/** A line of the table `resources`. */
export interface ResourceRow {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly version: number;
  readonly created: string;
  readonly deleted: string | null;
  readonly labels: string | null;
  readonly annotations: string | null;
  readonly spec: string;
  readonly status: string | null;
  readonly applied: string;
}

const kinds: readonly Kind[] = ['ExternalStorage', 'Recording', 'RecordingCopy', 'RecordingProfile'];

/** What SQLite gave. */
export function readResourceRow(row: unknown): ResourceRow {
  const fields = createFieldReader(row, 'a stored resource');
  return {
    kind: fields.word('kind', kinds),
    namespace: fields.text('namespace'),
    name: fields.text('name'),
    uid: fields.text('uid'),
    generation: fields.number('generation'),
    version: fields.number('version'),
    created: fields.text('created'),
    deleted: fields.optionalText('deleted') ?? null,
    labels: fields.optionalText('labels') ?? null,
    annotations: fields.optionalText('annotations') ?? null,
    spec: fields.text('spec'),
    status: fields.optionalText('status') ?? null,
    applied: fields.text('applied'),
  };
}

/** The row as the object that people and control know. What is in the table was parsed before it went in. */
export function resourceOf<K extends Kind>(row: ResourceRow): ResourceByKind[K] {
  return {
    apiVersion: 'tapedeck.dev/v1alpha1',
    kind: row.kind,
    metadata: {
      name: row.name,
      namespace: row.namespace,
      uid: row.uid,
      generation: row.generation,
      resourceVersion: String(row.version),
      creationTimestamp: row.created,
      ...(row.deleted === null ? {} : { deletionTimestamp: row.deleted }),
      ...(row.labels === null ? {} : { labels: JSON.parse(row.labels) }),
      ...(row.annotations === null ? {} : { annotations: JSON.parse(row.annotations) }),
    },
    spec: JSON.parse(row.spec),
    ...(row.status === null ? {} : { status: JSON.parse(row.status) }),
  } as ResourceByKind[K];
}

export function keyOf(row: Pick<ResourceRow, 'kind' | 'namespace' | 'name'>): ResourceKey {
  return { kind: row.kind, namespace: row.namespace, name: row.name };
}
