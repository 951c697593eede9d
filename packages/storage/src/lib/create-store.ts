import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { RunStorage } from '@tapedeck/core';
import { type CallTimeouts, callOnce, callWithRetries, defaultTimeouts } from './call.ts';
import { completeFromJournal } from './complete-from-journal.ts';
import { readCredentials } from './credentials.ts';
import type { Driver, ObjectInfo } from './driver.ts';
import { createDriver } from './drivers/drivers.ts';
import { joinKey, normalizePrefix } from './key.ts';
import { planParts } from './part-plan.ts';
import { createRenewingDriver } from './renewing-driver.ts';
import { defaultRetryPolicy, type RetryPolicy } from './retry-policy.ts';
import { openSpool, spoolName } from './spool.ts';
import type { Store } from './store.ts';
import { transferObject } from './transfer/transfer.ts';
import { OpenUpload } from './upload.ts';

export interface StoreOptions {
  /** A fixed part size in bytes in place of the growing ones, within the service's limits. */
  readonly partSize?: number;
  readonly retry?: Partial<RetryPolicy>;
  readonly timeouts?: Partial<CallTimeouts>;
}

/**
 * The store for one storage of a run. Asks nothing of the service yet. Where its keys are files, a call that is refused
 * takes those that are there by then. Rejects with `NotSupported` for a
 * provider without a driver, `InvalidCredentials` or `InvalidManifest` where the configuration cannot work.
 */
export async function createStore(storage: RunStorage, options?: StoreOptions): Promise<Store> {
  const { name, spec } = storage;
  let credentials = await readCredentials(storage.credentials);
  const driver = await createDriver({ spec, credentials });
  if (storage.credentials.type !== 'Directory') return createDriverStore(name, spec.prefix, driver, options);
  // A Secret that is mounted is replaced in place.
  const renew = async ({ trustedHostKey }: Driver) => {
    const now = await readCredentials(storage.credentials);
    if (isDeepStrictEqual(now, credentials)) return undefined;
    const next = await createDriver({
      spec,
      credentials: now,
      ...(trustedHostKey !== undefined && { trustedHostKey }),
    });
    credentials = now;
    return next;
  };
  return createDriverStore(name, spec.prefix, createRenewingDriver(driver, renew), options);
}

/** A store over a driver that is there already; `close` closes the driver. */
export function createDriverStore(
  name: string,
  rawPrefix: string | undefined,
  driver: Driver,
  options: StoreOptions = {},
): Store {
  const prefix = normalizePrefix(rawPrefix);
  const policy = { ...defaultRetryPolicy, ...options.retry };
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const plan = planParts(driver.capabilities, options.partSize);
  const fullKey = (key: string) => joinKey(prefix, key);
  const call = <T>(what: string, operation: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    callWithRetries(policy, {}, () => callOnce(what, timeouts.callMs, undefined, operation));
  const relative = (info: ObjectInfo): ObjectInfo => ({
    ...info,
    key: prefix === '' ? info.key : info.key.slice(prefix.length + 1),
  });
  return {
    name,
    capabilities: driver.capabilities,
    url: (key) => driver.url(fullKey(key)),
    async createUpload(uploadOptions) {
      const { spool: place, key } = uploadOptions;
      const spool =
        place && (await openSpool(path.join(place.directory, spoolName(name, key)), place.maxBytes));
      // A spool of that name is left from an upload that began anew; its parts belong to another token.
      await spool?.clear();
      const ports = { driver, plan, policy, timeouts, storage: name, fullKey: fullKey(key), spool };
      const upload = new OpenUpload(ports, uploadOptions);
      try {
        await upload.open();
        return upload;
      } catch (error) {
        await upload.abort().catch(() => undefined); // What went wrong first is what the caller has to know.
        throw error;
      }
    },
    async completeFromJournal(journal, { spoolDirectory, kept, signal } = {}) {
      const directory = spoolDirectory && path.join(spoolDirectory, spoolName(name, journal.key));
      const object = { fullKey: fullKey(journal.key), directory, kept, signal };
      const ports = { driver, plan, policy, timeouts, ...object };
      const info = await completeFromJournal(journal, ports);
      return { ...relative(info), url: driver.url(info.key) };
    },
    async abortFromJournal(journal) {
      if (journal.token === null) return;
      await call(`Dropping the upload of ${journal.key}`, (signal) =>
        driver.abort(journal.token, { signal }),
      );
    },
    transfer: (wanted) =>
      transferObject(wanted, { driver, policy, timeouts, storage: name, fullKey: fullKey(wanted.key) }),
    async put(key, bytes, contentType) {
      const object = { key: fullKey(key), contentType };
      return relative(await call(`Writing ${key}`, (signal) => driver.put(object, bytes, { signal })));
    },
    head: async (key) =>
      relative(await call(`Looking for ${key}`, (signal) => driver.head(fullKey(key), { signal }))),
    // The deadline is for the answer to begin; reading it takes as long as the caller does.
    get: (key, range) => call(`Reading ${key}`, (signal) => driver.get(fullKey(key), range, { signal })),
    delete: (key) => call(`Deleting ${key}`, (signal) => driver.delete(fullKey(key), { signal })),
    async *list(below) {
      const start = prefix === '' ? below : `${prefix}/${below}`;
      for await (const info of driver.list(start)) yield relative(info);
    },
    close: () => driver.close(),
  };
}
