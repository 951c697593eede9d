export interface KeyedQueue<K extends string> {
  /** Runs the key soon. Several calls before it runs are one; a call while it runs makes it run once more. */
  add(key: K, options?: { readonly urgent?: boolean }): void;
  /** Likewise after that many seconds; the earliest of several counts. */
  addAfter(key: K, seconds: number): void;
  /** Keys waiting for their turn, without those that wait for a time. */
  readonly waiting: number;
  /** Takes nothing more and resolves when what runs has ended. Idempotent. */
  stop(): Promise<void>;
}

export interface KeyedQueueOptions<K extends string> {
  /** One piece of work; resolves with the seconds after which the key is to run again, if any. */
  readonly run: (key: K) => Promise<number | undefined>;
  readonly onError: (key: K, error: unknown) => void;
  readonly concurrency: number;
  /** Back-off after the first failure, in seconds; doubled up to `maxDelay`, forgotten after a run that worked. */
  readonly delay?: number;
  readonly maxDelay?: number;
}

/** Timers overflow above 24.8 days; whoever waits longer is asked again. */
const maxTimer = 24 * 3600;

/** Longest wait after a failure, in seconds, for a key that was added while it ran. */
const changedWait = 2;

/** A queue in which each key runs at most once at a time. Its length is bounded by the number of keys. */
export function createKeyedQueue<K extends string>(options: KeyedQueueOptions<K>): KeyedQueue<K> {
  const { delay = 0.25, maxDelay = 300 } = options;
  const urgent = new Set<K>();
  const queued = new Set<K>();
  const running = new Map<K, Promise<void>>();
  const again = new Set<K>();
  const timers = new Map<K, { readonly at: number; readonly timer: ReturnType<typeof setTimeout> }>();
  const failures = new Map<K, number>();
  let stopped = false;

  function take(): K | undefined {
    const [key] = urgent.size > 0 ? urgent : queued;
    if (key !== undefined) {
      urgent.delete(key);
      queued.delete(key);
    }
    return key;
  }

  function pump(): void {
    while (!stopped && running.size < options.concurrency) {
      const key = take();
      if (key === undefined) return;
      cancel(key);
      running.set(key, runOnce(key));
    }
  }

  async function runOnce(key: K): Promise<void> {
    try {
      const after = await options.run(key);
      failures.delete(key);
      if (after !== undefined) addAfter(key, after);
    } catch (error) {
      const times = failures.get(key) ?? 0;
      failures.set(key, times + 1);
      options.onError(key, error);
      const wait = Math.min(maxDelay, delay * 2 ** Math.min(times, 30));
      // What changed meanwhile may be what this run itself wrote: it shortens the wait, and never ends it.
      addAfter(key, again.delete(key) ? Math.min(wait, changedWait) : wait);
    } finally {
      running.delete(key);
      if (again.delete(key)) add(key);
      pump();
    }
  }

  function cancel(key: K): void {
    clearTimeout(timers.get(key)?.timer);
    timers.delete(key);
  }

  function add(key: K, how: { readonly urgent?: boolean } = {}): void {
    if (stopped) return;
    if (running.has(key)) {
      again.add(key);
      return;
    }
    if (how.urgent === true) {
      queued.delete(key);
      urgent.add(key);
    } else if (!urgent.has(key)) {
      queued.add(key);
    }
    // Not within the caller's own call: a watcher must not run work in the middle of a write.
    queueMicrotask(pump);
  }

  function addAfter(key: K, seconds: number): void {
    if (stopped) return;
    const wait = Math.max(0, Math.min(seconds, maxTimer)) * 1000;
    const at = Date.now() + wait;
    const before = timers.get(key);
    if (before !== undefined && before.at <= at) return;
    cancel(key);
    const timer = setTimeout(() => {
      timers.delete(key);
      add(key);
    }, wait);
    timers.set(key, { at, timer });
  }

  return {
    add,
    addAfter,
    get waiting() {
      return urgent.size + queued.size;
    },
    async stop() {
      stopped = true;
      for (const key of [...timers.keys()]) cancel(key);
      urgent.clear();
      queued.clear();
      again.clear();
      await Promise.all(running.values());
    },
  };
}
