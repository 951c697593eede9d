import { TapedeckError } from '@tapedeck/core';
import type { SftpConfig } from './sftp-config.ts';
import { openConnection, type SftpConnection } from './sftp-connection.ts';
import { describeHostKey, type HostKey, isPinned } from './sftp-host-key.ts';
import { openSession, type SftpSession } from './sftp-session.ts';

/** One connection, made when it is needed and again after it was lost; calls share it. */
export interface SftpClient {
  /** The key that the server showed at the last connection. */
  readonly hostKey: HostKey | undefined;
  /** Fingerprint of the one key that is taken from now on, where no other is named. */
  readonly expectedHostKey: string | undefined;
  /** From now on no other key is taken, where the first would be: an earlier process of the upload saw this one. */
  expectHostKey(fingerprint: string): void;
  /** Runs one operation. When the signal fires it rejects, and a connection that does not answer is dropped. */
  run<T>(signal: AbortSignal | undefined, operation: (session: SftpSession) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

interface Attempt {
  readonly connection: Promise<SftpConnection>;
  readonly stop: AbortController;
  waiting: number;
}

export function createSftpClient(config: SftpConfig, address: string): SftpClient {
  const { hostKeys, trustOnFirstUse } = config;
  let current: SftpConnection | undefined;
  let attempt: Attempt | undefined;
  let shown: HostKey | undefined;
  let expected: string | undefined;
  let isClosed = false;

  const verify = (key: Buffer): void => {
    shown = describeHostKey(key);
    const { type, fingerprint, line } = shown;
    if (hostKeys.length > 0) {
      if (isPinned(hostKeys, key)) return;
      throw rejected(
        `${address} shows the ${type} key ${fingerprint}, which spec.sftp.hostKeys does not name. If the server has a new key, put it there; if not, somebody else answers in its place. Nothing was sent to it.`,
      );
    }
    if (!trustOnFirstUse) {
      throw rejected(
        `${address} shows the ${type} key ${fingerprint}, and spec.sftp.hostKeys is empty. If that is the server's key, add "${line}" to it. Nothing was sent to it.`,
      );
    }
    expected ??= fingerprint;
    if (expected === fingerprint) return;
    throw rejected(
      `${address} shows the ${type} key ${fingerprint}, but ${expected} before. If the server has a new key, begin a new recording; if not, somebody else answers in its place. Nothing was sent to it.`,
    );
  };

  const begin = (): Attempt => {
    const stop = new AbortController();
    const begun: Attempt = {
      stop,
      waiting: 0,
      connection: openConnection(config, verify, stop.signal)
        .then((connection) => {
          if (isClosed) void connection.close();
          else current = connection;
          return connection;
        })
        .finally(() => {
          if (attempt === begun) attempt = undefined;
        }),
    };
    return begun;
  };

  /** An attempt that nobody waits for any more is given up, so that the next call makes one of its own. */
  const connect = async (signal: AbortSignal | undefined): Promise<SftpConnection> => {
    if (isClosed) throw new TapedeckError('Aborted', 'The storage was closed.');
    if (current?.isOpen) return current;
    attempt ??= begin();
    const mine = attempt;
    mine.waiting++;
    const leave = () => {
      if (--mine.waiting > 0) return;
      if (attempt === mine) attempt = undefined;
      mine.stop.abort();
    };
    signal?.addEventListener('abort', leave, { once: true });
    try {
      return await mine.connection;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  };

  return {
    get hostKey() {
      return shown;
    },
    get expectedHostKey() {
      return expected;
    },
    expectHostKey(fingerprint) {
      expected ??= fingerprint;
      if (expected === fingerprint) return;
      throw rejected(
        `The upload was begun on a server with the key ${fingerprint}, but ${address} shows ${expected}.`,
      );
    },
    async run(signal, operation) {
      signal?.throwIfAborted();
      const { promise: aborted, reject } = Promise.withResolvers<never>();
      let connection: SftpConnection | undefined;
      const onAbort = () => {
        reject(signal?.reason);
        connection?.destroyIfSilent();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const work = async () => {
        connection = await connect(signal);
        return operation(openSession(connection, signal));
      };
      try {
        return await Promise.race([work(), aborted]);
      } finally {
        signal?.removeEventListener('abort', onAbort);
      }
    },
    async close() {
      isClosed = true;
      attempt?.stop.abort();
      await current?.close();
    },
  };
}

function rejected(message: string): TapedeckError {
  return new TapedeckError('HostKeyRejected', message);
}
