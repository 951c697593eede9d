import { z } from 'zod';

/**
 * One rule that a structural schema cannot say, in both of its forms: as CEL for the API server and as a check for
 * whoever parses a manifest. They are kept in one place because a zod refinement vanishes from a generated CRD.
 */
export interface Rule<T> {
  /** CEL over `self`, evaluated only where the value is present. */
  readonly cel: string;
  /** A sentence without the path: `must …`. */
  readonly message: string;
  /** The same in code. It may be given a value whose own fields are wrong, never one of another type. */
  readonly holds: (value: T) => boolean;
  /** Where below the value the problem is shown; absent: on the value itself. */
  readonly path?: readonly string[];
}

/** The schema with rules attached. Objects keep their shape; add fields before, not after. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.infer<S>>[]): S {
  let ruled: z.ZodType = schema;
  for (const { holds, message, path } of rules) {
    ruled = ruled.refine((value) => holds(value as z.infer<S>), {
      message,
      path: path === undefined ? [] : [...path],
      // Also when a field inside is wrong: a person wants to see every problem at once.
      when: ({ value }) =>
        typeof value === (schema instanceof z.ZodObject ? 'object' : 'string') && value !== null,
    });
  }
  return withTransitionRules(
    ruled.meta({ ...schema.meta() }) as S,
    rules.map(({ cel, message, path }) => ({
      rule: cel,
      message,
      ...(path === undefined ? {} : { fieldPath: `.${path.join('.')}` }),
    })),
  );
}

/**
 * The schema with rules on how a value may change (CEL over `self` and `oldSelf`). Parsing knows no old value: the
 * same rule in code belongs to whoever stores resources.
 */
export function withTransitionRules<S extends z.ZodType>(
  schema: S,
  rules: readonly { readonly rule: string; readonly message: string; readonly fieldPath?: string }[],
): S {
  const before = schema.meta();
  return schema.meta({
    ...before,
    'x-kubernetes-validations': [
      ...((before?.['x-kubernetes-validations'] as readonly unknown[] | undefined) ?? []),
      ...rules,
    ],
  });
}

/**
 * The rules of a union as Kubernetes writes it: `discriminator` names a value, and exactly the block that belongs to
 * it is present. `optional` holds values whose block may be left out, being empty.
 */
export function unionRules(
  discriminator: string,
  blockByValue: Readonly<Record<string, string>>,
  optional: readonly string[] = [],
): readonly Rule<unknown>[] {
  return Object.entries(blockByValue).flatMap(([value, block]): Rule<unknown>[] => {
    const present = (object: unknown) => field(object, block) !== undefined;
    const chosen = (object: unknown) => field(object, discriminator) === value;
    return [
      ...(optional.includes(value)
        ? []
        : [
            {
              cel: `self.${discriminator} != '${value}' || has(self.${block})`,
              message: `is required with ${discriminator}: ${value}`,
              holds: (object: unknown) => !chosen(object) || present(object),
              path: [block],
            },
          ]),
      {
        cel: `self.${discriminator} == '${value}' || !has(self.${block})`,
        message: `belongs to ${discriminator}: ${value} only`,
        // A discriminator that is wrong by itself has its own problem.
        holds: (object: unknown) =>
          chosen(object) ||
          !present(object) ||
          !Object.keys(blockByValue).includes(String(field(object, discriminator))),
        path: [block],
      },
    ];
  });
}

function field(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null
    ? (object as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
