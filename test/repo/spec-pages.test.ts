import { execFileSync } from 'node:child_process';
import { resourceSchemas } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type Schema as FieldSchema,
  fieldRows,
  fillTables,
  markdownTable,
} from '../../scripts/lib/field-table.mjs';
import { root } from './checkout.ts';

describe('the pages of the kinds', () => {
  it('say what the schemas say', () => {
    const run = () =>
      execFileSync(process.execPath, ['scripts/generate-spec.mjs', '--check'], { cwd: root, stdio: 'pipe' });
    expect(run).not.toThrow();
  });

  it('have a description for every field that a person may set or see', () => {
    const undescribed = Object.entries(resourceSchemas).flatMap(([kind, schema]) =>
      fieldRows(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }) as FieldSchema)
        .filter(({ path, description }) => /^(spec|status)\./.test(path) && description === '')
        .map(({ path }) => `${kind}: ${path}`),
    );
    expect(undescribed).toEqual([]);
  });

  it('list nested fields, lists, ranges and choices', () => {
    const rows = fieldRows({
      type: 'object',
      required: ['refs'],
      properties: {
        refs: {
          type: 'array',
          description: 'One or more.',
          items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
        },
        mode: { enum: ['A', 'B'] },
        port: { type: 'integer', minimum: 1, maximum: 65_535 },
        wait: { type: 'string', pattern: '^([0-9]+(ms|s|m|h))+$' },
        tags: { type: 'object', additionalProperties: { type: 'string' } },
      },
    });
    expect(rows.map(({ path, type }) => `${path}: ${type}`)).toEqual([
      'refs: list of objects, required',
      'refs[].name: text, required',
      'mode: `A`, `B`',
      'port: integer, 1 to 65535',
      'wait: duration',
      'tags: map of text',
    ]);
  });

  it('keep what stands around the tables', () => {
    const page = 'before\n<!-- fields spec -->\nold\n<!-- end -->\nafter';
    const filled = fillTables(page, (name) => markdownTable([{ path: name, type: 'a|b', description: '' }]));
    expect(filled).toContain('| `spec` | a\\|b |  |');
    expect(filled).not.toContain('old');
    expect(filled.startsWith('before\n')).toBe(true);
    expect(filled.endsWith('\nafter')).toBe(true);
    expect(fillTables(filled, () => 'x')).toBe(fillTables(page, () => 'x'));
  });
});
