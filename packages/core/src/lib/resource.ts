import { z } from 'zod';

export const apiVersion = 'tapedeck.dev/v1alpha1';

/** A Kubernetes object name (RFC 1123 subdomain). */
export const name = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

/** A duration as people write it: `30s`, `1h30m`, `1.5s`, `250ms`. See duration.ts. */
export const duration = z
  .string()
  .max(32)
  .regex(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/);

/** The part of Kubernetes' ObjectMeta that local mode keeps too. */
export const objectMeta = z.object({
  name,
  namespace: z.string().max(63).optional(),
  uid: z.string().optional(),
  generation: z.int().optional(),
  resourceVersion: z.string().optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
export type ObjectMeta = z.infer<typeof objectMeta>;

/** metav1.Condition. The message says what it waits for, since when, and what to do. */
export const condition = z.object({
  type: z.string().max(316),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string().max(1024),
  message: z.string().max(32768),
  lastTransitionTime: z.iso.datetime(),
  observedGeneration: z.int().optional(),
});
export type Condition = z.infer<typeof condition>;
