import { TapedeckError } from '@tapedeck/core';
import type { RunLog } from '../run-log.ts';
import { closeAll } from './page-closing.ts';

/** What has been started for a page, one thing after the other, to be ended in the opposite order. */
export interface PageSteps {
  /**
   * Starts one, which `end` ends, and waits until it has. Rejects at once with `Aborted` when the page is called off; what
   * has started only then is ended as soon as it has.
   */
  take<T>(start: () => Promise<T>, end?: (started: T) => Promise<void>): Promise<T>;
  add(end: () => Promise<void>): void;
  /** The page is there, or is not to be: from now on the signal ends nothing. */
  keep(): void;
  /** Ends everything, and logs what it could not; resolves once it is gone. Never rejects. */
  close(): Promise<void>;
}

/** Ends what has started as soon as the signal is aborted, so that whatever waits for it rejects. */
export function createPageSteps(
  name: string,
  { signal, log }: { readonly signal: AbortSignal; readonly log: RunLog },
): PageSteps {
  const closers: (() => Promise<void>)[] = [];
  let closing = Promise.resolve();
  let onAbort: () => void = () => undefined;
  const calledOff = new Promise<never>((_, reject) => {
    onAbort = () => {
      reject(new TapedeckError('Aborted', `${name} was called off.`));
      void close();
    };
  });
  calledOff.catch(() => undefined); // Of interest only while a step is waited for.
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });

  function close(): Promise<void> {
    closing = closing.then(() => closeAll(closers, log));
    return closing;
  }

  return {
    async take(start, end) {
      if (signal.aborted) return await calledOff;
      const starting = start();
      const started = await Promise.race([starting, calledOff]).catch((error: unknown) => {
        if (signal.aborted && end !== undefined)
          starting.then((late) => closeAll([() => end(late)], log)).catch(() => undefined); // It did not start.
        throw error;
      });
      if (end !== undefined) closers.push(() => end(started));
      return started;
    },
    add(end) {
      closers.push(end);
    },
    keep() {
      signal.removeEventListener('abort', onAbort);
    },
    close,
  };
}
