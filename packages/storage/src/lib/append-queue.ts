/** Units go in one after the other; whoever waits for room can be told that there is no time for it. */
export interface AppendQueue {
  /** Fires once nothing may wait for room any more. */
  readonly hurry: AbortSignal;
  /** Runs it after all that was added before; `signal` makes all of them hurry. */
  add<T>(append: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** From now on the signal makes all hurry, until the function it gives is called. */
  hurryOn(signal: AbortSignal | undefined): () => void;
  /** Resolves when all that was added is taken or refused. */
  settled(): Promise<void>;
}

export function createAppendQueue(): AppendQueue {
  const hurry = new AbortController();
  let running: Promise<unknown> = Promise.resolve();

  function hurryOn(signal: AbortSignal | undefined): () => void {
    // One of its own for each: the same one would be added once, and removed by the first that is done.
    const onAbort = () => hurry.abort();
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    return () => signal?.removeEventListener('abort', onAbort);
  }

  return {
    hurry: hurry.signal,
    hurryOn,
    add(append, signal) {
      const quiet = hurryOn(signal);
      const appended = running.then(append).finally(quiet);
      running = appended.catch(() => undefined); // Its caller hears of it; the next append is judged anew.
      return appended;
    },
    async settled() {
      await running;
    },
  };
}
