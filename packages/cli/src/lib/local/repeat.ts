export interface Repeated {
  /** What is under way is not waited for. Idempotent. */
  stop(): void;
}

/** Does `work` every so often, never twice at once; an error is told and does not end it. */
export function repeat(
  milliseconds: number,
  work: () => Promise<void> | void,
  onError: (error: unknown) => void,
): Repeated {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function once(): Promise<void> {
    try {
      await work();
    } catch (error) {
      onError(error);
    }
    schedule();
  }

  function schedule(): void {
    if (!stopped) timer = setTimeout(() => void once(), milliseconds);
  }

  schedule();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
