export interface Interrupts {
  /** Aborted by the first Ctrl-C (or SIGTERM). */
  readonly first: AbortSignal;
  /** Aborted by the second. */
  readonly second: AbortSignal;
  /** Gives the signals back to the system. Idempotent. */
  close(): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Takes the signals that mean "end" as requests, in the order they come. */
export function takeInterrupts(): Interrupts {
  const controllers = [new AbortController(), new AbortController()] as const;
  const onSignal = () => {
    const [first, second] = controllers;
    if (first.signal.aborted) second.abort();
    else first.abort();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return {
    first: controllers[0].signal,
    second: controllers[1].signal,
    close() {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
