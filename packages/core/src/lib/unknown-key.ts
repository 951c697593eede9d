import { z } from 'zod';
import { type ManifestProblem, pathText } from './manifest-problem.ts';
import { nearestName } from './nearest.ts';

/** Keys that the API server adds to metadata; a manifest that was read from a cluster may hold them. */
const ignoredMetadata = new Set([
  'generateName',
  'selfLink',
  'finalizers',
  'ownerReferences',
  'managedFields',
  'deletionGracePeriodSeconds',
]);

/** A schema without its optional, default and nullable wrappers. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault
    ? unwrap(schema.unwrap())
    : schema;
}

/** Where else in the shape a key is known: a field one level up, down or beside, as `block.key`. */
function elsewhere(key: string, shape: z.core.$ZodShape | undefined): string | undefined {
  for (const [block, schema] of Object.entries(shape ?? {})) {
    const inner = unwrap(schema);
    if (inner instanceof z.ZodObject && Object.hasOwn(inner.shape, key)) return block;
  }
  return undefined;
}

/**
 * Every key of the value that the schema does not know, at any depth, each with the nearest known name. The schemas
 * themselves let unknown keys pass, because a strict one does not survive as a CRD.
 */
export function unknownKeys(
  schema: z.core.$ZodType,
  value: unknown,
  path: readonly (string | number)[] = [],
  parent?: { readonly shape: z.core.$ZodShape; readonly path: readonly (string | number)[] },
): readonly ManifestProblem[] {
  const plain = unwrap(schema);
  if (plain instanceof z.ZodArray) {
    if (!Array.isArray(value)) return [];
    return value.flatMap((item, index) => unknownKeys(plain.element, item, [...path, index]));
  }
  if (
    !(plain instanceof z.ZodObject) ||
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value)
  ) {
    return [];
  }
  const shape: z.core.$ZodShape = plain.shape;
  return Object.entries(value).flatMap(([key, inner]): readonly ManifestProblem[] => {
    const at = [...path, key];
    const known = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (known !== undefined) return unknownKeys(known, inner, at, { shape, path });
    if (path.at(-1) === 'metadata' && ignoredMetadata.has(key)) return [];
    return [{ path: pathText(at), message: `unknown key${advice(key, path, shape, parent)}` }];
  });
}

function advice(
  key: string,
  path: readonly (string | number)[],
  shape: z.core.$ZodShape,
  parent: { readonly shape: z.core.$ZodShape; readonly path: readonly (string | number)[] } | undefined,
): string {
  const asked = (...keys: readonly (string | number)[]) => `; did you mean ${pathText(keys)}?`;
  const near = nearestName(key, Object.keys(shape));
  if (near !== undefined) return asked(...path, near);
  if (parent !== undefined && Object.hasOwn(parent.shape, key)) return asked(...parent.path, key);
  const below = elsewhere(key, shape);
  if (below !== undefined) return asked(...path, below, key);
  const beside = elsewhere(key, parent?.shape);
  if (beside !== undefined && parent !== undefined) return asked(...parent.path, beside, key);
  const known = Object.keys(shape);
  return known.length === 0 ? '; nothing is known here' : `; known here: ${known.join(', ')}`;
}
