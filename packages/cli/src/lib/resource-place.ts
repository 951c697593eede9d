import type { Kind, ResourceByKind } from '@tapedeck/control';
import type { Recording } from '@tapedeck/core';
import type { ResourceEvent } from './output/resource-description.ts';
import type { ResourceClient } from './resource-client.ts';

/** Where resources live, for commands that look at them: a data directory or a cluster. */
export interface ResourcePlace {
  readonly store: ResourceClient;
  /** What happened to a resource, oldest first. */
  listEvents(resource: ResourceByKind[Kind]): Promise<readonly ResourceEvent[]>;
  /** What the figures of recordings are worth that nobody renews now, by uid. */
  unattended(recordings: readonly Recording[]): Promise<ReadonlyMap<string, string>>;
}
