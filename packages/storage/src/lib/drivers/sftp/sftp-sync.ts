/** Brings a file onto the server's disk; `here` does it with a handle that is open already. */
export type Sync = (path: string, here: () => Promise<void>) => Promise<void>;

/** Another SFTP session on the same connection. */
export interface SecondSession {
  /** Opens the file there and brings it onto the disk. */
  sync(path: string): Promise<void>;
}

export interface SyncPorts {
  /** Whether others wait for the server at this moment. */
  isBusy(): boolean;
  /** Asks for a second session, once; one that the server does not allow never comes, one that ends is told of. */
  openSecond(opened: (session: SecondSession) => void, ended: () => void): void;
}

/**
 * A server works through the requests of one SFTP session in order, so a sync holds up all writes behind it for as long as
 * its disk takes. While others write, files are synced in a second session: another process on OpenSSH. It is opened when
 * it is needed first, and nobody waits for it: a server that allows only one is asked once and goes on as before.
 */
export function createSync({ isBusy, openSecond }: SyncPorts): Sync {
  let session: SecondSession | undefined;
  let isAsked = false;

  const ask = (): void => {
    if (isAsked) return;
    isAsked = true;
    openSecond(
      (opened) => {
        session = opened;
      },
      () => {
        session = undefined;
      },
    );
  };

  const syncThere = joinCalls(async (path) => {
    try {
      await session?.sync(path);
      return session !== undefined;
    } catch {
      return false; // It is tried here once more, and what is wrong then is told from here.
    }
  });

  return async (path, here) => {
    if (session === undefined && isBusy()) ask();
    if (session === undefined || !(await syncThere(path))) await here();
  };
}

/**
 * Calls for one key wait for one that begins after they came: all that come while one runs share the next, for a sync
 * brings down whatever was written before it began.
 */
export function joinCalls<T>(call: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const states = new Map<string, { readonly running: Promise<T>; next?: Promise<T> }>();
  const begin = (key: string): Promise<T> => {
    const running = call(key).finally(() => {
      if (states.get(key)?.next === undefined) states.delete(key);
    });
    states.set(key, { running });
    return running;
  };
  return (key) => {
    const state = states.get(key);
    if (state === undefined) return begin(key);
    const again = () => begin(key);
    state.next ??= state.running.then(again, again);
    return state.next;
  };
}
