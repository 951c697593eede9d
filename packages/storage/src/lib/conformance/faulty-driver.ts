import { setTimeout as sleep } from 'node:timers/promises';
import { TapedeckError } from '@tapedeck/core';
import type { CallOptions, Driver, PartReceipt } from '../driver.ts';

/** Longer than any put beside it takes. */
const SLOW_MS = 600;

/** What happens to a call in place of what was asked. */
export type CallFault =
  /** Fails before anything reached the service. */
  | 'Refused'
  | 'Throttled'
  /** Fails in a way that trying again does not change. */
  | 'Denied'
  /** Nothing ever comes back, until the caller gives up. */
  | 'Silent'
  /** Reaches the service only after a while, unless the caller gives up before. */
  | 'Slow'
  /** The service does it, and nothing ever comes back. */
  | 'Unanswered'
  /** The service does it, but the connection breaks before the answer. */
  | 'AnswerLost'
  /** The caller sees a failure; the service does it when `deliverLate` is called. */
  | 'Late';

export interface FaultyDriver extends Driver {
  /** Asked before each call that changes something; `number` is the part's. */
  onCall: (operation: 'begin' | 'putPart' | 'complete', number?: number) => CallFault | undefined;
  /** Numbers of the parts whose put was answered. */
  readonly puts: readonly number[];
  /** How many calls wait for nothing: those that were `Silent` and, once the service has done it, `Unanswered`. */
  readonly unanswered: number;
  /** Carries out what was held back as `Late`. */
  deliverLate(): Promise<void>;
}

/** The driver with faults between it and its caller, the same for every service. */
export function withFaults(driver: Driver): FaultyDriver {
  const late: (() => Promise<unknown>)[] = [];
  const puts: number[] = [];
  let unanswered = 0;
  const faulty = async <T>(
    fault: CallFault | undefined,
    options: CallOptions | undefined,
    call: (options?: CallOptions) => Promise<T>,
  ): Promise<T> => {
    switch (fault) {
      case 'Refused':
        throw new TapedeckError('StorageUnreachable', 'Refused by the test.', {
          cause: { code: 'ECONNREFUSED' },
        });
      case 'Throttled':
        throw new TapedeckError('StorageThrottled', 'Throttled by the test.');
      case 'Denied':
        throw new TapedeckError('StorageDenied', 'Denied by the test.');
      case 'Silent':
        unanswered++;
        return silence(options?.signal);
      case 'Slow':
        await sleep(SLOW_MS);
        if (options?.signal?.aborted) throw new TapedeckError('Aborted', 'The call was aborted.');
        return call(options);
      case 'Unanswered':
        await call(options);
        unanswered++;
        return silence(options?.signal);
      case 'AnswerLost':
        await call(options);
        throw new TapedeckError('StorageUnreachable', 'Answer lost by the test.', {
          cause: { code: 'ECONNRESET' },
        });
      case 'Late':
        late.push(() => call());
        throw new TapedeckError('StorageUnreachable', 'Held back by the test.', {
          cause: { code: 'ECONNRESET' },
        });
      case undefined:
        return call(options);
    }
  };
  const result: FaultyDriver = {
    ...driver,
    onCall: () => undefined,
    puts,
    get unanswered() {
      return unanswered;
    },
    begin: (object, options) => faulty(result.onCall('begin'), options, (o) => driver.begin(object, o)),
    async putPart(token, part, options): Promise<PartReceipt> {
      const fault = result.onCall('putPart', part.number);
      // Held-back bytes are those of the call, whatever the caller does with its views later.
      const kept = fault === 'Late' ? { ...part, bytes: part.bytes.map((bytes) => bytes.slice()) } : part;
      const receipt = await faulty(fault, options, (o) => driver.putPart(token, kept, o));
      puts.push(part.number);
      return receipt;
    },
    complete: (token, parts, options) =>
      faulty(result.onCall('complete'), options, (o) => driver.complete(token, parts, o)),
    async deliverLate() {
      for (const call of late.splice(0)) await call();
    },
  };
  return result;
}

function silence(signal: AbortSignal | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const give = () => reject(new TapedeckError('Aborted', 'The call was aborted.'));
  if (signal?.aborted) give();
  else signal?.addEventListener('abort', give, { once: true });
  return promise;
}
