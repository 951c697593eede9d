/**
 * A value of a chart, with the comment that stands above it.
 * @typedef {{ path: string[], value: unknown, comment: string, isGroup: boolean }} ChartValue
 * @typedef {{ description?: string, properties?: Record<string, Schema>, [key: string]: unknown }} Schema
 * @typedef {{ commentBefore?: string | null, items?: Pair[], toJSON?: () => unknown }} Node
 * @typedef {{ key: Node & { value: string }, value: Node }} Pair
 */

/** @param {string | null | undefined} comment */
const oneLine = (comment) =>
  (comment ?? '')
    .split('\n')
    .map((line) => line.trim())
    .join(' ')
    .trim();

/**
 * The values of a file in their order. A map whose keys have comments of their own is a group of values, any other map
 * is one value. Throws where a value has no comment.
 * @param {Node} map the parsed contents of values.yaml
 * @param {string[]} [prefix]
 * @returns {ChartValue[]}
 */
export function chartValues(map, prefix = []) {
  return (map.items ?? []).flatMap((pair, index) => {
    const path = [...prefix, pair.key.value];
    // The parser gives what stands above a map's first key to the map.
    const comment = oneLine(pair.key.commentBefore ?? (index === 0 ? map.commentBefore : undefined));
    const inside = pair.value.items ?? [];
    const isGroup = inside.some(
      (one, at) => one.key?.commentBefore ?? (at === 0 ? pair.value.commentBefore : undefined),
    );
    if (isGroup) {
      return [{ path, value: undefined, comment, isGroup }, ...chartValues(pair.value, path)];
    }
    if (comment === '') throw new Error(`${path.join('.')} has no comment in values.yaml`);
    return [{ path, value: pair.value.toJSON?.(), comment, isGroup }];
  });
}

/** @param {readonly ChartValue[]} values */
export function valuesTable(values) {
  const cell = (/** @type {string} */ text) => text.replaceAll('|', '\\|');
  const rows = values
    .filter(({ isGroup }) => !isGroup)
    .map(
      ({ path, value, comment }) =>
        `| \`${path.join('.')}\` | \`${cell(JSON.stringify(value))}\` | ${cell(comment)} |`,
    );
  return ['| value | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

/**
 * A schema whose descriptions are the comments. Throws where it does not know a value.
 * @param {Schema} schema
 * @param {readonly ChartValue[]} values
 * @returns {Schema}
 */
export function describeValues(schema, values) {
  const described = structuredClone(schema);
  for (const { path, comment } of values) {
    /** @type {Schema | undefined} */
    let at = described;
    for (const key of path) at = at?.properties?.[key];
    if (at === undefined) throw new Error(`values.schema.json does not know ${path.join('.')}`);
    const { description: _, ...rest } = at;
    for (const key of Object.keys(at)) delete at[key];
    // First, for whoever reads the file.
    Object.assign(at, comment === '' ? rest : { description: comment, ...rest });
  }
  return described;
}
