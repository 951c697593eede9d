import { z } from 'zod';

/** What every object of Kubernetes has, as far as anything here looks at it. */
export const objectHead = z.object({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string(),
  resourceVersion: z.string(),
  /** Only of kinds with a spec. */
  generation: z.int().optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  finalizers: z.array(z.string()).optional(),
});
export type ObjectHead = z.infer<typeof objectHead>;

/** Any object, with only its head known. */
export const kubernetesObject = z.looseObject({ metadata: objectHead });
export type KubernetesObject = z.infer<typeof kubernetesObject>;

/** A page of a list. */
export const objectList = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.unknown()),
});

/** What a list says of itself, all of it or a page. */
export const listEnd = objectList.omit({ items: true });
/** `continue` is there, and not empty, where the list goes on with another page. */
export type ListEnd = z.infer<typeof listEnd>['metadata'];

/** One line of a watch. */
export const watchEvent = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.unknown(),
});
export type WatchEvent = z.infer<typeof watchEvent>;

/** Of any object in a watch, a bookmark's too, which has no name. */
export const objectVersion = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

/** What the API server says when it refuses. */
export const apiStatus = z.object({
  code: z.number().default(0),
  reason: z.string().default('Unknown'),
  message: z.string().default(''),
});

/**
 * Is the first of two versions of one object later? Resource versions of one server compare as numbers since Kubernetes
 * 1.35 says so, and always have where etcd makes them.
 */
export function isNewer(version: string, than: string): boolean {
  return version.length === than.length ? version > than : version.length > than.length;
}
