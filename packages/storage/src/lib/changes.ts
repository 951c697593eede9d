/** Lets whoever waits for some state look again whenever something has changed. */
export interface Changes {
  notify(): void;
  /** Resolves at the next change, when the signal fires, or after `atMostMs`: the caller looks what it was. */
  wait(signal: AbortSignal | undefined, atMostMs: number): Promise<void>;
}

export function createChanges(): Changes {
  const waiting = new Set<() => void>();
  return {
    notify() {
      for (const wake of waiting) wake();
    },
    async wait(signal, atMostMs) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = () => resolve();
      const timer = setTimeout(wake, atMostMs);
      signal?.addEventListener('abort', wake, { once: true });
      if (signal?.aborted) wake();
      waiting.add(wake);
      try {
        await promise;
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        waiting.delete(wake);
      }
    },
  };
}
