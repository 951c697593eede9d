/**
 * The part of a JSON Schema that core's resources use.
 * @typedef {{ [key: string]: unknown, type?: string, properties?: Record<string, Schema>, items?: Schema }} Schema
 * @typedef {{ name: string, type: 'string' | 'integer' | 'date', jsonPath: string, description: string, priority?: number }} Column
 * @typedef {{
 *   kind: string, plural: string, shortName: string, columns: readonly Column[], selectable: readonly string[],
 * }} CustomResource
 */

export const group = 'tapedeck.dev';
export const version = 'v1alpha1';

/** @param {string} type @returns {Column} */
const condition = (type) => ({
  name: type,
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=="${type}")].status`,
  description: `Whether the condition ${type} holds.`,
});

/** @param {string} type @returns {Column} */
const reason = (type) => ({
  name: 'Reason',
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=="${type}")].reason`,
  description: `Why ${type} is as it is.`,
});

/** @type {Column} */
const age = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since it was created.',
};

/**
 * A column that only `-o wide` shows.
 * @param {Column} column
 * @returns {Column}
 */
const wide = (column) => ({ ...column, priority: 1 });

/** @param {string} name @param {string} jsonPath @param {string} description @param {Column['type']} [type] @returns {Column} */
const column = (name, jsonPath, description, type = 'string') => ({ name, type, jsonPath, description });

/**
 * What `kubectl get` shows of each kind and what it can be selected by; the schema is core's.
 * @type {readonly CustomResource[]}
 */
export const customResources = [
  {
    kind: 'ExternalStorage',
    plural: 'externalstorages',
    shortName: 'xs',
    columns: [
      column('Provider', '.spec.provider', 'The service.'),
      condition('Ready'),
      reason('Ready'),
      column('Checked', '.status.lastCheck.time', 'Time since the last check.', 'date'),
      wide(column('Endpoint', '.status.endpoint', 'Where it really goes.')),
      wide(condition('Writable')),
      age,
    ],
    selectable: ['.spec.provider'],
  },
  {
    kind: 'Recording',
    plural: 'recordings',
    shortName: 'rec',
    columns: [
      column('Phase', '.status.phase', 'Where it is in its life.'),
      column('Storage', '.status.storage.name', 'Where it goes.'),
      column('Duration', '.status.duration', 'Media in the files; pauses and gaps taken off.'),
      column('Uploaded', '.status.progress.bytesUploaded', 'Bytes that the storage holds.', 'integer'),
      column('Lag', '.status.progress.lag', 'Age of the oldest byte that the storage does not hold.'),
      condition('Ready'),
      wide(reason('Ready')),
      wide(column('Room', '.spec.room', 'What is recorded.')),
      wide(column('File', '.status.outputs[0].key', 'Key of the first file.')),
      age,
    ],
    selectable: [
      '.spec.state',
      '.spec.room',
      '.spec.profileRef.name',
      '.status.phase',
      '.status.storage.name',
    ],
  },
  {
    kind: 'RecordingProfile',
    plural: 'recordingprofiles',
    shortName: 'recp',
    columns: [
      column('Source', '.spec.source.type', 'Kind of source.'),
      column('Storage', '.spec.storage.refs[0].name', 'The preferred storage.'),
      column('MaxDuration', '.spec.maxDuration', 'Longest recording.'),
      age,
    ],
    selectable: ['.spec.source.type'],
  },
  {
    kind: 'RecordingCopy',
    plural: 'recordingcopies',
    shortName: 'recc',
    columns: [
      column('Phase', '.status.phase', 'Where it is in its life.'),
      column('Recording', '.spec.recordingRef.name', 'Whose files are copied.'),
      column('Storage', '.spec.storage.name', 'Where they are copied to.'),
      column('Copied', '.status.progress.bytesCopied', 'Bytes that have arrived.', 'integer'),
      column('Total', '.status.progress.bytesTotal', 'Bytes of all the files.', 'integer'),
      condition('Ready'),
      age,
    ],
    selectable: ['.spec.recordingRef.name', '.spec.storage.name', '.status.phase'],
  },
];

/** Keywords of JSON Schema that say nothing to an API server, or that it refuses. */
const dropped = ['$schema', 'id'];

/**
 * A schema as an API server takes it. Conditions are a map by their type, as `kubectl wait` and server-side apply
 * expect of them.
 * @param {Schema} schema
 * @param {string} [name] Of the field that it is the schema of.
 * @returns {Schema}
 */
export function structural(schema, name) {
  const entries = Object.entries(schema)
    .filter(([key]) => !dropped.includes(key))
    .map(([key, value]) => {
      if (key === 'properties')
        return [key, structuralProperties(/** @type {Record<string, Schema>} */ (value))];
      if (key === 'items' || (key === 'additionalProperties' && typeof value === 'object'))
        return [key, structural(/** @type {Schema} */ (value))];
      return [key, value];
    });
  /** @type {Schema} */
  const result = Object.fromEntries(entries);
  if (name === 'conditions' && result.type === 'array') {
    return { ...result, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] };
  }
  return result;
}

/** @param {Record<string, Schema>} properties */
function structuralProperties(properties) {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, structural(schema, name)]),
  );
}

/**
 * The CustomResourceDefinition of a kind.
 * @param {CustomResource} resource
 * @param {Schema} schema Of the whole resource, as OpenAPI.
 */
export function customResourceDefinition({ kind, plural, shortName, columns, selectable }, schema) {
  const { spec, status } = schema.properties ?? {};
  if (spec === undefined || status === undefined) throw new Error(`${kind} has no spec or no status`);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ['tapedeck'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          selectableFields: selectable.map((jsonPath) => ({ jsonPath })),
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: String(spec.description ?? ''),
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string', description: `${group}/${version}.` },
                kind: { type: 'string', description: `${kind}.` },
                metadata: { type: 'object' },
                spec: structural(spec),
                status: structural(status),
              },
            },
          },
        },
      ],
    },
  };
}
