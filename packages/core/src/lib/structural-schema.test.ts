import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { resourceSchemas } from './manifest.ts';

type Json = Readonly<Record<string, unknown>>;

/** Every schema within a JSON schema, with where it is. */
function schemasIn(value: unknown, path: string): readonly (readonly [string, Json])[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item, index) => schemasIn(item, `${path}[${index}]`));
  return [
    [path, value as Json] as const,
    ...Object.entries(value).flatMap(([key, inner]) => schemasIn(inner, `${path}.${key}`)),
  ];
}

const refusedKeywords = [
  'anyOf',
  'oneOf',
  'allOf',
  'not',
  '$ref',
  '$defs',
  'definitions',
  'prefixItems',
  'propertyNames',
  'const',
];

describe.each(['ExternalStorage', 'Recording', 'RecordingProfile', 'RecordingCopy'] as const)(
  'the schema of %s as OpenAPI',
  (kind) => {
    const json = z.toJSONSchema(resourceSchemas[kind], { target: 'openapi-3.0', io: 'input' }) as Json;
    const all = schemasIn(json, kind);

    it('has only shapes that an API server takes', () => {
      for (const [path, schema] of all) {
        for (const keyword of refusedKeywords) expect(Object.keys(schema), path).not.toContain(keyword);
        expect(schema.additionalProperties, path).not.toBe(false);
        expect(String(schema.pattern ?? ''), path).not.toMatch(/\(\?[=!<]/);
        expect(Object.hasOwn(schema, 'default'), path).toBe(false);
        // A schema without a type takes anything.
        if (/\.(properties\.\w+|items)$/.test(path)) expect(schema.type, path).toBeTypeOf('string');
      }
    });

    it('bounds every text, list and map', () => {
      for (const [path, schema] of all) {
        if (schema.type === 'string') {
          expect(
            schema.maxLength !== undefined || schema.enum !== undefined,
            `${path} has no maxLength`,
          ).toBe(true);
        }
        if (schema.type === 'array') expect(schema.maxItems, `${path} has no maxItems`).toBeTypeOf('number');
        if (typeof schema.additionalProperties === 'object') {
          expect(schema.maxProperties, `${path} has no maxProperties`).toBeTypeOf('number');
        }
      }
    });

    it('describes every field for people', () => {
      for (const [path, schema] of all) {
        if (!/\.properties\.\w+$/.test(path) || /^\w+\.properties\.\w+$/.test(path)) continue;
        expect(schema.description, `${path} has no description`).toBeTypeOf('string');
      }
    });

    it('stays far below what kubectl can apply', () => {
      expect(JSON.stringify(json).length).toBeLessThan(100_000);
    });
  },
);

it('carries every rule as CEL', () => {
  const json = z.toJSONSchema(resourceSchemas.ExternalStorage, { target: 'openapi-3.0', io: 'input' });
  const spec = (json.properties as Record<string, Json>).spec;
  expect(spec?.['x-kubernetes-validations']).toContainEqual({
    rule: "self.provider != 'S3' || has(self.s3)",
    message: 'is required with provider: S3',
    fieldPath: '.s3',
  });
});
