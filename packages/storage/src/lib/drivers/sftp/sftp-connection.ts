import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TapedeckError } from '@tapedeck/core';
import ssh2, { type SFTPWrapper } from 'ssh2';
import SftpClient from 'ssh2-sftp-client';
import { lightenCipher } from './sftp-cipher.ts';
import type { SftpConfig } from './sftp-config.ts';
import { hostKeyAlgorithms } from './sftp-host-key.ts';
import { compileHotCode } from './sftp-hot-code.ts';
import { BatchingSocket } from './sftp-socket.ts';
import { createSync, type SecondSession, type Sync } from './sftp-sync.ts';

/** From the first packet to SFTP's own greeting; the library itself would wait for ever at the last step. */
const CONNECT_TIMEOUT_MS = 15_000;
/** A connection that died without a word is noticed after 40 s, when nothing else notices it. */
const KEEPALIVE_INTERVAL_MS = 10_000;
const KEEPALIVE_COUNT = 3;
/** For one request, where its caller has no deadline of its own; syncing a slow disk is the longest. */
const REQUEST_TIMEOUT_MS = 120_000;
/** A request that waits so long while nothing at all is answered waits on a dead connection. */
const SILENCE_MS = 1_000;
const GOODBYE_MS = 500;

type Answer<T> = (error?: Error | null, value?: T) => void;

/** One SSH connection with SFTP on it. Once it is lost it stays lost, and every request rejects with the reason. */
export class SftpConnection {
  /** Brings files onto the server's disk. */
  readonly sync: Sync = createSync({
    isBusy: () => this.#pending.size > 0,
    openSecond: (opened, ended) => this.#openSecond(opened, ended),
  });
  readonly #client: SftpClient;
  readonly #socket: Socket;
  readonly #sftp: SFTPWrapper;
  readonly #pending = new Set<(reason: Error) => void>();
  #lost: Error | undefined;
  #answeredAt = Date.now();

  constructor(client: SftpClient, socket: Socket, sftp: SFTPWrapper) {
    this.#client = client;
    this.#socket = socket;
    this.#sftp = sftp;
    let reason: Error | undefined;
    const note = (error: Error) => {
      reason ??= error;
    };
    client.on('error', note);
    // What is no SFTP at all ends here; without a listener it would end the process.
    sftp.on('error', (error: Error) => {
      note(error);
      socket.destroy();
    });
    // The channel may end by itself: a server that was told to end the session, or whose program crashed.
    sftp.on('end', () => socket.destroy());
    sftp.on('close', () => socket.destroy());
    socket.once('close', () => this.#lose(reason ?? new Error('Connection lost')));
    if (socket.destroyed) this.#lose(new Error('Connection lost'));
  }

  get isOpen(): boolean {
    return this.#lost === undefined;
  }

  /** Sends one request; rejects with the server's status as it came, or with why the connection was lost. */
  request<T>(send: (sftp: SFTPWrapper, answer: Answer<T>) => void): Promise<T | undefined> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    if (this.#pending.size === 0) this.#answeredAt = Date.now();
    const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
    const timer = setTimeout(() => {
      this.destroy(new TapedeckError('StorageTimeout', 'The SFTP server does not answer a request.'));
    }, REQUEST_TIMEOUT_MS);
    const settle = () => {
      clearTimeout(timer);
      this.#pending.delete(lose);
    };
    const lose = (reason: Error) => {
      settle();
      reject(reason);
    };
    this.#pending.add(lose);
    try {
      send(this.#sftp, (error, value) => {
        // When the connection is lost the library answers everything with words that say less than the reason.
        if (!this.#pending.has(lose) || this.#socket.destroyed) return;
        this.#answeredAt = Date.now();
        settle();
        if (error) reject(error);
        else resolve(value);
      });
    } catch (error) {
      lose(asError(error));
    }
    return promise;
  }

  /** For a caller that gave up waiting: frees the connection when it is the connection that does not answer. */
  destroyIfSilent(): void {
    if (this.#pending.size > 0 && Date.now() - this.#answeredAt >= SILENCE_MS) {
      this.destroy(new Error('Connection lost'));
    }
  }

  destroy(reason: Error): void {
    this.#lose(reason);
    this.#socket.destroy();
  }

  /** Says goodbye, and goes even when nobody answers. */
  async close(): Promise<void> {
    if (!this.isOpen) return;
    this.#lose(new TapedeckError('Aborted', 'The storage was closed.'));
    // A dead connection is closed as well: what fails here is only the goodbye.
    const goodbye = this.#client.end().catch(() => false);
    // The process need not wait for the time that nobody needed.
    await Promise.race([goodbye, sleep(GOODBYE_MS, undefined, { ref: false })]);
    this.#socket.destroy();
  }

  #openSecond(opened: (session: SecondSession) => void, ended: () => void): void {
    const ssh: unknown = Reflect.get(this.#client, 'client');
    if (!(ssh instanceof ssh2.Client) || !this.isOpen) return;
    const sync = async (sftp: SFTPWrapper, path: string): Promise<void> => {
      const handle = await this.request<Buffer>((_, answer) => sftp.open(path, 'r+', answer));
      if (handle === undefined) throw new Error('The SFTP server answered with nothing.');
      try {
        await this.request<unknown>((_, answer) => sftp.ext_openssh_fsync(handle, answer));
      } finally {
        await this.request<void>((_, answer) => sftp.close(handle, answer)).catch(() => undefined);
      }
    };
    try {
      ssh.sftp((error, sftp) => {
        if (error) return;
        sftp.on('error', ended).on('end', ended).on('close', ended);
        opened({ sync: (path) => sync(sftp, path) });
      });
    } catch {
      // The connection is about to be lost, which all requests hear of by themselves.
    }
  }

  #lose(reason: Error): void {
    this.#lost ??= reason;
    for (const lose of [...this.#pending]) lose(this.#lost);
  }
}

/**
 * Logs in. `verify` is given the server's key before anything is said to it, and throws to refuse it. Rejects with
 * what the library says, or with what `verify` threw.
 */
export async function openConnection(
  config: SftpConfig,
  verify: (key: Buffer) => void,
  signal: AbortSignal,
): Promise<SftpConnection> {
  let reason: Error | undefined;
  const note = (error: Error) => {
    reason ??= error;
  };
  const socket = new BatchingSocket();
  socket.open(config.port, config.host);
  // Errors come to us twice, through the library and from its promise; nobody else may print them or throw them.
  const nothing = () => undefined;
  const client = new SftpClient('tapedeck', { error: nothing, end: nothing, close: nothing });
  client.on('error', note);
  const giveUp = (error: Error) => {
    note(error);
    socket.destroy();
  };
  const onAbort = () => giveUp(new Error('Connection lost'));
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(
    () => giveUp(new Error('Timed out while waiting for handshake')),
    CONNECT_TIMEOUT_MS,
  );
  const { login } = config;
  if ('password' in login) {
    // Many servers ask for the password as a question of PAM's, and for nothing else that way.
    client.on('keyboard-interactive', (...[, , , prompts, finish]: KeyboardInteractive) =>
      finish(prompts.map(({ echo }) => (echo ? '' : login.password))),
    );
  }
  try {
    const sftp = await client.connect({
      sock: socket,
      username: config.username,
      ...login,
      tryKeyboard: 'password' in login,
      readyTimeout: CONNECT_TIMEOUT_MS,
      keepaliveInterval: KEEPALIVE_INTERVAL_MS,
      keepaliveCountMax: KEEPALIVE_COUNT,
      algorithms: { serverHostKey: hostKeyAlgorithms(config.hostKeys) },
      hostVerifier: (key: Buffer) => {
        try {
          verify(key);
          return true;
        } catch (error) {
          note(asError(error));
          return false;
        }
      },
    });
    lightenCipher(sftp);
    compileHotCode();
    return new SftpConnection(client, socket, sftp);
  } catch (error) {
    socket.destroy();
    throw reason ?? error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

type KeyboardInteractive = [
  name: string,
  instructions: string,
  language: string,
  prompts: readonly { readonly prompt: string; readonly echo?: boolean }[],
  finish: (answers: string[]) => void,
];

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
