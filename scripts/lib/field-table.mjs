/**
 * The part of a JSON Schema that core's resources use.
 * @typedef {{
 *   type?: string, description?: string, enum?: readonly unknown[], pattern?: string, format?: string,
 *   minimum?: number, maximum?: number, properties?: Record<string, Schema>, required?: readonly string[],
 *   items?: Schema, additionalProperties?: Schema | boolean,
 * }} Schema
 * @typedef {{ path: string, type: string, description: string }} Row
 */

/** Bounds beyond these are a number type's own, not a rule. */
const unbounded = Number.MAX_SAFE_INTEGER;

/** @param {Schema} schema */
function rangeOf({ minimum, maximum }) {
  const low = minimum !== undefined && minimum > -unbounded ? minimum : undefined;
  const high = maximum !== undefined && maximum < unbounded ? maximum : undefined;
  if (low !== undefined && high !== undefined) return `, ${low} to ${high}`;
  if (low !== undefined) return `, at least ${low}`;
  return high === undefined ? '' : `, at most ${high}`;
}

/** A field's type in words. @param {Schema} schema @returns {string} */
export function typeText(schema) {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.type === 'array')
    return `list of ${schema.items?.type === 'object' ? 'objects' : typeText(schema.items ?? {})}`;
  if (schema.type === 'object') {
    const values = schema.additionalProperties;
    return typeof values === 'object' ? `map of ${typeText(values)}` : 'object';
  }
  if (schema.type === 'string') {
    if (schema.format === 'date-time') return 'time';
    return schema.pattern?.includes('(ms|s|m|h)') ? 'duration' : 'text';
  }
  return `${schema.type ?? 'anything'}${rangeOf(schema)}`;
}

/**
 * The fields of a schema in the order they are declared, each nested one below its parent.
 * @param {Schema} schema
 * @param {string} [prefix]
 * @returns {Row[]}
 */
export function fieldRows(schema, prefix = '') {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const required = schema.required?.includes(name) ? ', required' : '';
    const row = { path, type: `${typeText(field)}${required}`, description: field.description ?? '' };
    const items = field.type === 'array' ? field.items : undefined;
    return [row, ...fieldRows(items ?? field, items === undefined ? `${path}.` : `${path}[].`)];
  });
}

/** @param {readonly Row[]} rows */
export function markdownTable(rows) {
  const cell = (/** @type {string} */ text) => text.replaceAll('|', '\\|');
  const lines = rows.map(
    ({ path, type, description }) => `| \`${path}\` | ${cell(type)} | ${cell(description)} |`,
  );
  return ['| field | type | meaning |', '|---|---|---|', ...lines].join('\n');
}

/**
 * A page with the tables between `<!-- fields NAME -->` and `<!-- end -->` made anew.
 * @param {string} page
 * @param {(name: string) => string} table
 */
export function fillTables(page, table) {
  return page.replace(
    /(<!-- fields (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, start, name, end) => `${start}\n${table(name)}\n\n${end}`,
  );
}
