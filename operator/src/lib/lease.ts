import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@tapedeck/control';
import { isConflict, isNotFound, type KubeApi, objectHead } from '@tapedeck/kube-api';
import { z } from 'zod';

/** Seconds; those that Kubernetes' own controllers use. */
export interface LeaseTiming {
  /** A leader that has been silent for so long is none any more. */
  readonly duration: number;
  /** A leader that could not renew for so long stops leading; shorter than the above. */
  readonly renewDeadline: number;
  readonly retry: number;
}
export const defaultLeaseTiming: LeaseTiming = { duration: 15, renewDeadline: 10, retry: 2 };

const lease = z.object({
  metadata: objectHead,
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      renewTime: z.string().nullish(),
      acquireTime: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .default({}),
});
type Lease = z.infer<typeof lease>;

export interface LeaseOptions {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly name: string;
  /** Another one for every process. */
  readonly identity: string;
  readonly log: Log;
  readonly timing?: LeaseTiming;
  /** Called for every look at the lease, whatever came of it. */
  readonly onTurn?: () => void;
}

/**
 * Waits until it leads, then does the work while the lease is renewed; resolves with `Lost` when it leads no more, with
 * `Ended` when the work ended or the signal came, the lease given back: the next one need not wait for it to run out.
 */
export async function leadWith(
  options: LeaseOptions,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<'Lost' | 'Ended'> {
  const { api, namespace, name, identity, log, timing = defaultLeaseTiming } = options;
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  /** The lease as it was last seen, and when that was by our own clock: others' clocks say nothing. */
  let seen: { readonly version: string; readonly at: number } | undefined;

  const read = async (): Promise<Lease | undefined> => {
    try {
      return lease.parse(await api.call({ path: `${collection}/${name}` }));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
  const specOf = (before: Lease | undefined, holder: string) => {
    const now = new Date().toISOString().replace('Z', '000Z');
    const same = before?.spec.holderIdentity === holder;
    return {
      holderIdentity: holder,
      leaseDurationSeconds: holder === '' ? 1 : timing.duration,
      renewTime: now,
      acquireTime: same ? (before?.spec.acquireTime ?? now) : now,
      leaseTransitions: (before?.spec.leaseTransitions ?? 0) + (same ? 0 : 1),
    };
  };

  /** True where the lease is ours now. */
  async function take(): Promise<boolean> {
    const before = await read();
    const head = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
    if (before === undefined) {
      await api.call({
        method: 'POST',
        path: collection,
        body: { ...head, metadata: { name, namespace }, spec: specOf(undefined, identity) },
      });
      return true;
    }
    const { resourceVersion } = before.metadata;
    if (seen?.version !== resourceVersion) seen = { version: resourceVersion, at: performance.now() };
    const holder = before.spec.holderIdentity ?? '';
    const silentMs = performance.now() - seen.at;
    const limit = (before.spec.leaseDurationSeconds ?? timing.duration) * 1000;
    if (holder !== '' && holder !== identity && silentMs < limit) return false;
    await put(before, identity);
    return true;
  }

  async function put(before: Lease, holder: string): Promise<void> {
    const { resourceVersion } = before.metadata;
    await api.call({
      method: 'PUT',
      path: `${collection}/${name}`,
      body: {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace, resourceVersion },
        spec: specOf(before, holder),
      },
    });
  }

  const tryToTake = async (): Promise<boolean> => {
    try {
      return await take();
    } catch (error) {
      // Somebody else was quicker.
      if (!isConflict(error)) log.warn('LeaseNotReached', { message: String(error) });
      return false;
    } finally {
      options.onTurn?.();
    }
  };
  const pause = () => sleep(timing.retry * 1000, undefined, { signal }).catch(() => undefined);

  while (!(await tryToTake())) {
    await pause();
    if (signal.aborted) return 'Ended';
  }
  log.info('Leading', { identity });
  const leading = new AbortController();
  const stop = AbortSignal.any([signal, leading.signal]);
  let ended = false;
  const working = work(stop).finally(() => {
    ended = true;
  });
  working.catch(() => undefined); // Awaited below.
  let renewed = performance.now();
  const over = Promise.race([working.catch(() => undefined), aborted(signal)]);
  while (!ended && !signal.aborted) {
    await Promise.race([sleep(timing.retry * 1000), over]);
    if (ended || signal.aborted) break;
    if (await tryToTake()) renewed = performance.now();
    else if (performance.now() - renewed > timing.renewDeadline * 1000) {
      log.warn('LeaseLost', { identity });
      leading.abort();
      await working;
      return 'Lost';
    }
  }
  try {
    await working;
  } finally {
    const before = await read().catch(() => undefined);
    if (before?.spec.holderIdentity === identity) {
      await put(before, '').catch((error: unknown) =>
        log.warn('LeaseNotReleased', { message: String(error) }),
      );
    }
  }
  return 'Ended';
}

/** Resolves once the signal has aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
