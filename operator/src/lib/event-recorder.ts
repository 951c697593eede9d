import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Events, Log } from '@tapedeck/control';
import { apiVersion } from '@tapedeck/core';
import type { KubeApi } from '@tapedeck/kube-api';

/** Events that wait to be sent; more are dropped and counted, for they are for people. */
const maxWaiting = 1_000;
/** Events of which it is known how often they happened. */
const maxKnown = 5_000;
const maxMessage = 1024;
/** What a replica that ends still gives its events: its Lease and its pod's 30 s of grace wait meanwhile. */
const drainMs = 5_000;

interface Known {
  readonly name: string;
  readonly first: string;
  count: number;
}

export interface EventRecorder extends Events {
  /** Resolves when nothing waits to be sent, or when its time is over; what waits then is dropped, and counted in the log. */
  drain(): Promise<void>;
}

/** Events beside the resources they are about; the same thing again is one event with a count. */
export function createEventRecorder(options: {
  readonly api: KubeApi;
  readonly instance: string;
  readonly log: Log;
  /** Absent: 5 s. */
  readonly drainMs?: number;
}): EventRecorder {
  const { api, instance, log } = options;
  const known = new Map<string, Known>();
  const queue: (() => Promise<unknown>)[] = [];
  let sending: Promise<void> | undefined;
  let dropped = 0;

  async function send(): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      await next().catch((error: unknown) => log.warn('EventNotSent', { message: String(error) }));
    }
    tellDropped();
    sending = undefined;
  }

  function tellDropped(): void {
    if (dropped > 0) log.warn('EventsDropped', { count: dropped });
    dropped = 0;
  }

  return {
    record(resource, event) {
      if (queue.length >= maxWaiting) {
        dropped += 1;
        return;
      }
      const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
      const key = JSON.stringify([resource.uid, event.type, event.reason, event.message]);
      const before = known.get(key);
      const digest = createHash('sha256')
        .update(`${key}${before?.first ?? now}`)
        .digest('hex')
        .slice(0, 16);
      const one = before ?? { name: `${resource.name.slice(0, 200)}.${digest}`, first: now, count: 0 };
      one.count += 1;
      // The newest last: the oldest is forgotten first.
      known.delete(key);
      known.set(key, one);
      if (known.size > maxKnown) known.delete(known.keys().next().value ?? '');
      const { kind, namespace, name, uid } = resource;
      const { count } = one;
      queue.push(() =>
        api.apply(`/api/v1/namespaces/${namespace}/events/${one.name}`, 'tapedeck-events', {
          apiVersion: 'v1',
          kind: 'Event',
          metadata: { name: one.name, namespace },
          involvedObject: { apiVersion, kind, namespace, name, uid },
          type: event.type,
          reason: event.reason,
          message: event.message.slice(0, maxMessage),
          count,
          firstTimestamp: one.first,
          lastTimestamp: now,
          source: { component: 'tapedeck-operator' },
          reportingComponent: 'tapedeck.dev/operator',
          reportingInstance: instance.slice(0, 128),
        }),
      );
      sending ??= send();
    },
    async drain() {
      const over = new AbortController();
      const late = sleep(options.drainMs ?? drainMs, true, { signal: over.signal }).catch(() => false);
      const sent = async () => {
        while (sending !== undefined) await sending;
        return false;
      };
      if (await Promise.race([late, sent()])) {
        dropped += queue.splice(0).length;
        tellDropped();
      }
      over.abort();
    },
  };
}
