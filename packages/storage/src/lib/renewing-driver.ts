import { isDeepStrictEqual } from 'node:util';
import { type ErrorCode, TapedeckError } from '@tapedeck/core';
import type { CallOptions, Driver, Part } from './driver.ts';

/** What a key gets that was taken back, or that has not the rights of its successor. */
const refusals: ReadonlySet<ErrorCode> = new Set(['StorageUnauthenticated', 'StorageDenied']);

/**
 * A driver whose keys may be replaced while it is open, as those of a mounted Secret are: a call that is refused is made
 * once more where there are others by now. Drivers keep nothing of an upload between calls, so that it goes on with them;
 * whom the one in use trusts by now is its successor's to be told. `renew` resolves with a driver of the present keys, or
 * undefined where they are those that are in use.
 */
export function createRenewingDriver(
  first: Driver,
  renew: (current: Driver) => Promise<Driver | undefined>,
): Driver {
  let current = first;
  /** Still read from, maybe: closed with the last one. Keys are replaced a few times in a recording at most. */
  const retired: Driver[] = [];
  let renewing: Promise<void> | undefined;

  async function replace(): Promise<void> {
    // Keys that cannot be read or used are said of by whoever opens the storage next; the refusal is what counts here.
    const next = await renew(current).catch(() => undefined);
    if (next === undefined) return;
    // What was planned by the old one's would not suit: an upload is made for one kind of key.
    if (!isDeepStrictEqual(abilities(next), abilities(first))) {
      await next.close();
      return;
    }
    retired.push(current);
    current = next;
  }

  /** Whether there is another driver now than the one that was refused. */
  async function isReplaced(used: Driver, error: unknown): Promise<boolean> {
    if (!refusals.has(TapedeckError.from(error).code)) return false;
    if (current === used) {
      renewing ??= replace().finally(() => {
        renewing = undefined;
      });
      await renewing;
    }
    return current !== used;
  }

  async function call<T>(operation: (driver: Driver) => Promise<T>): Promise<T> {
    const used = current;
    try {
      return await operation(used);
    } catch (error) {
      if (!(await isReplaced(used, error))) throw error;
    }
    return await operation(current);
  }

  async function* list(prefix: string, options?: CallOptions) {
    const used = current;
    let begun = false;
    try {
      for await (const info of used.list(prefix, options)) {
        begun = true;
        yield info;
      }
      return;
    } catch (error) {
      if (begun || !(await isReplaced(used, error))) throw error;
    }
    yield* current.list(prefix, options);
  }

  return {
    provider: first.provider,
    capabilities: first.capabilities,
    ...(first.endpoint === undefined ? {} : { endpoint: first.endpoint }),
    ...(first.viaProxy === undefined ? {} : { viaProxy: first.viaProxy }),
    ...(first.username === undefined ? {} : { username: first.username }),
    url: (key) => current.url(key),
    begin: (...args) => call((driver) => driver.begin(...args)),
    putPart: (...args) => call((driver) => driver.putPart(...args)),
    ...(first.predictReceipt === undefined
      ? {}
      : { predictReceipt: (part: Part) => current.predictReceipt?.(part) }),
    complete: (...args) => call((driver) => driver.complete(...args)),
    ...(first.listParts === undefined
      ? {}
      : { listParts: (...args) => call((driver) => present(driver.listParts?.(...args))) }),
    abort: (...args) => call((driver) => driver.abort(...args)),
    put: (...args) => call((driver) => driver.put(...args)),
    head: (...args) => call((driver) => driver.head(...args)),
    get: (...args) => call((driver) => driver.get(...args)),
    delete: (...args) => call((driver) => driver.delete(...args)),
    list,
    ...(first.signUrl === undefined
      ? {}
      : { signUrl: (...args) => call((driver) => present(driver.signUrl?.(...args))) }),
    async close() {
      await renewing;
      await Promise.allSettled(retired.splice(0).map((driver) => driver.close()));
      await current.close();
    },
  };
}

/** What one driver can do, as data. */
const abilities = (driver: Driver) => [
  driver.capabilities,
  driver.predictReceipt !== undefined,
  driver.listParts !== undefined,
  driver.signUrl !== undefined,
];

/** Of a call that only some drivers have, and those that take turns all or none. */
function present<T>(answer: Promise<T> | undefined): Promise<T> {
  return answer ?? Promise.reject(new TapedeckError('NotSupported', 'This storage has no such call.'));
}
