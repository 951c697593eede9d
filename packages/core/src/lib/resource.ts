import { z } from 'zod';
import { durationPattern, parseDuration } from './duration.ts';
import { withRules } from './rule.ts';

export const apiVersion = 'tapedeck.dev/v1alpha1';

/** A Kubernetes object name (RFC 1123 subdomain). */
export const name = z
  .string()
  .min(1)
  .max(253)
  .regex(
    /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
    'must be lower-case letters, digits, "-" and ".", with a letter or a digit at both ends',
  );

/** A duration as people write it: `30s`, `1h30m`, `1.5s`, `250ms`. See duration.ts. */
export const duration = z
  .string()
  .max(32)
  .regex(durationPattern, 'must be a duration like 30s, 1h30m or 250ms');

/** A duration within bounds, both included, written like durations are. */
export function durationBetween(least: string, most: string): typeof duration {
  const bounds = [parseDuration(least), parseDuration(most)] as const;
  return withRules(duration, [
    {
      cel: `duration(self) >= duration('${least}') && duration(self) <= duration('${most}')`,
      message: `must be between ${least} and ${most}`,
      holds: (text) => {
        if (!durationPattern.test(text)) return true;
        const seconds = parseDuration(text);
        return seconds >= bounds[0] && seconds <= bounds[1];
      },
    },
  ]);
}

/** A map of short strings with a bound on its size: `maxProperties` in the CRD. */
export function stringMap(bounds: { entries: number; key: number; value: number }) {
  return z
    .record(z.string().max(bounds.key), z.string().max(bounds.value))
    .refine((map) => Object.keys(map).length <= bounds.entries, {
      message: `must have at most ${bounds.entries} entries`,
    })
    .meta({ maxProperties: bounds.entries });
}

export const secretRef = z.object({ name: name.describe('Name of the Secret, in the same namespace.') });

export const secretKeyRef = z.object({
  name: name.describe('Name of the Secret, in the same namespace.'),
  key: z.string().min(1).max(253).describe('Key of the value within the Secret.'),
});

/** The part of Kubernetes' ObjectMeta that local mode keeps too. */
export const objectMeta = z.object({
  name: name.describe('Name, unique among the resources of its kind in its namespace.'),
  namespace: name.max(63).optional().describe('Namespace; "default" when absent.'),
  uid: z.string().max(128).optional().describe('Set by the store: never the same for two resources.'),
  generation: z.int().optional().describe('Set by the store: counts the changes of the spec.'),
  resourceVersion: z.string().max(128).optional().describe('Set by the store.'),
  creationTimestamp: z.string().max(64).optional().describe('Set by the store.'),
  deletionTimestamp: z
    .string()
    .max(64)
    .optional()
    .describe('Set by the store while the resource is being deleted.'),
  labels: stringMap({ entries: 256, key: 317, value: 63 }).optional().describe('Labels, for selecting.'),
  annotations: stringMap({ entries: 256, key: 317, value: 262_144 })
    .optional()
    .describe('Annotations, for anything else.'),
});
export type ObjectMeta = z.infer<typeof objectMeta>;

/** metav1.Condition. The message says what it waits for, since when, and what to do. */
export const condition = z.object({
  type: z.string().max(316).describe('Which aspect this is about, in CamelCase.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: z.string().max(1024).describe('Why, in one CamelCase word.'),
  message: z.string().max(32768).describe('Why, for people: what it waits for, since when, what to do.'),
  lastTransitionTime: z.iso.datetime().max(64).describe('When the status last changed.'),
  observedGeneration: z.int().optional().describe('Generation of the spec that this was said about.'),
});
export type Condition = z.infer<typeof condition>;
