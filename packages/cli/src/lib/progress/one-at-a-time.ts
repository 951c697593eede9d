/**
 * Work of which one runs at a time. What is asked for meanwhile is done once more after it, however often that was: so
 * the last to end has seen the newest. Resolves when nothing is left to do; rejects as the work does.
 */
export function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let again = false;
  return () => {
    again = running !== undefined;
    running ??= (async () => {
      try {
        do {
          again = false;
          await work();
        } while (again);
      } finally {
        // At once: what is asked for from here on begins anew.
        running = undefined;
      }
    })();
    return running;
  };
}
