import { TapedeckError } from '@tapedeck/core';
import type { FileEntryWithStats, Stats } from 'ssh2';
import { z } from 'zod';
import type { SftpConnection } from './sftp-connection.ts';
import { sftpStatus, statusOf } from './sftp-errors.ts';
import { sendWrite } from './sftp-write.ts';

/** What an open file is to the server. */
type Handle = Buffer;

/**
 * The largest write that OpenSSH takes, and nearly what its window holds of them (2 MiB): with one at a time the line
 * is idle while the answer travels. Servers that take less get the same in smaller pieces.
 */
const CHUNK_BYTES = 255 * 1024;
const CHUNKS_IN_FLIGHT = 8;

/** The calls of SFTP for one operation: each is one request, and none begins once the signal has fired. */
export interface SftpSession {
  /** `r`: to read; `r+`: to read and write what is there; `wx`: a new file, failing where there is one, which `w` empties. */
  open(path: string, mode: 'r' | 'r+' | 'w' | 'wx'): Promise<SftpFile>;
  /** Undefined where there is nothing. */
  stat(path: string): Promise<Stats | undefined>;
  mkdir(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
  /** What is not there is no error. */
  remove(path: string): Promise<void>;
  /** Rejects where the new name is taken, on all but a few servers. */
  rename(from: string, to: string): Promise<void>;
  /** Takes the name from whatever has it. */
  replace(from: string, to: string): Promise<void>;
  readdir(path: string): Promise<readonly FileEntryWithStats[]>;
  /** Bytes that still fit below that path; undefined where the server does not tell. */
  freeBytes(path: string): Promise<number | undefined>;
}

export interface SftpFile {
  size(): Promise<number>;
  /** In order, several on their way at a time. */
  write(views: readonly Uint8Array[], position: number): Promise<void>;
  /** The bytes from `start` up to `end`, fewer where the file ends before. Several reads are on their way at a time. */
  read(start: number, end: number): AsyncGenerator<Buffer>;
  truncate(size: number): Promise<void>;
  /** Brings it onto the disk, where the server can. */
  sync(): Promise<void>;
  /** The same for a file that keeps its name meanwhile, beside the writes of others. */
  syncAside(): Promise<void>;
  /** Copies the first bytes of another file over ours on the server's side; false where it cannot. */
  copyFrom(source: SftpFile, size: number): Promise<boolean>;
  readonly handle: Handle;
  close(): Promise<void>;
}

const fileSystem = z.object({ f_frsize: z.coerce.number(), f_bavail: z.coerce.number() });

export function openSession(connection: SftpConnection, signal: AbortSignal | undefined): SftpSession {
  type Send<T> = Parameters<typeof connection.request<T>>[0];
  const request = <T>(send: Send<T>): Promise<T | undefined> => {
    signal?.throwIfAborted();
    return connection.request(send);
  };
  const value = async <T>(send: Send<T>): Promise<T> => {
    const answer = await request(send);
    if (answer === undefined) throw new TapedeckError('Unknown', 'The SFTP server answered with nothing.');
    return answer;
  };

  const remove = async (path: string): Promise<void> => {
    try {
      await request<void>((sftp, answer) => sftp.unlink(path, answer));
    } catch (error) {
      if (statusOf(error) !== sftpStatus.NoSuchFile) throw error;
    }
  };
  const rename = async (from: string, to: string): Promise<void> => {
    await request<void>((sftp, answer) => sftp.rename(from, to, answer));
  };

  return {
    async open(path, mode) {
      const handle = await value<Handle>((sftp, answer) => sftp.open(path, mode, answer));
      return openFile(handle, path, connection, request, value);
    },
    async stat(path) {
      try {
        return await value<Stats>((sftp, answer) => sftp.stat(path, answer));
      } catch (error) {
        if (statusOf(error) === sftpStatus.NoSuchFile) return undefined;
        throw error;
      }
    },
    async mkdir(path) {
      await request<void>((sftp, answer) => sftp.mkdir(path, answer));
    },
    async rmdir(path) {
      await request<void>((sftp, answer) => sftp.rmdir(path, answer));
    },
    remove,
    rename,
    async replace(from, to) {
      const isOffered = await whereOffered(() =>
        request<void>((sftp, answer) => sftp.ext_openssh_rename(from, to, answer)),
      );
      if (isOffered) return;
      await rename(from, to).catch(async (error: unknown) => {
        if (statusOf(error) !== sftpStatus.Failure) throw error;
        await remove(to);
        await rename(from, to);
      });
    },
    readdir: (path) => value<FileEntryWithStats[]>((sftp, answer) => sftp.readdir(path, answer)),
    async freeBytes(path) {
      try {
        const found = await value<unknown>((sftp, answer) => sftp.ext_openssh_statvfs(path, answer));
        const { f_frsize, f_bavail } = fileSystem.parse(found);
        return f_frsize * f_bavail;
      } catch {
        return undefined; // It is asked for the sake of a message only.
      }
    },
  };
}

function openFile(
  handle: Handle,
  path: string,
  connection: SftpConnection,
  request: SftpConnection['request'],
  value: <T>(send: Parameters<typeof connection.request<T>>[0]) => Promise<T>,
): SftpFile {
  const readChunk = async (position: number, length: number): Promise<Buffer> => {
    const chunk = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const count = await value<number>((sftp, answer) =>
        sftp.read(handle, chunk, filled, length - filled, position + filled, answer),
      ).catch((error: unknown) => {
        if (statusOf(error) === sftpStatus.Eof) return 0;
        throw error;
      });
      if (count === 0) break;
      filled += count;
    }
    return chunk.subarray(0, filled);
  };

  const sync = async (): Promise<void> => {
    await whereOffered(() => request<unknown>((sftp, answer) => sftp.ext_openssh_fsync(handle, answer)));
  };

  return {
    handle,
    async size() {
      return (await value<Stats>((sftp, answer) => sftp.fstat(handle, answer))).size;
    },
    async write(views, position) {
      const chunks = cutChunks(views, position);
      const sendChunks = async (): Promise<void> => {
        for (const { bytes, at } of chunks) {
          await request<void>((sftp, answer) => sendWrite(sftp, handle, bytes, at, answer));
        }
      };
      await Promise.all(Array.from({ length: CHUNKS_IN_FLIGHT }, sendChunks));
    },
    async *read(start, end) {
      const ahead: Promise<Buffer>[] = [];
      try {
        for (let at = start; at < end || ahead.length > 0; ) {
          for (; at < end && ahead.length < CHUNKS_IN_FLIGHT; at += CHUNK_BYTES) {
            const chunk = readChunk(at, Math.min(CHUNK_BYTES, end - at));
            // It may fail before its turn comes to be waited for.
            chunk.catch(() => undefined);
            ahead.push(chunk);
          }
          const chunk = await ahead.shift();
          if (chunk === undefined || chunk.length === 0) return;
          yield chunk;
        }
      } finally {
        // Their reader has gone, or failed already for a reason of its own.
        await Promise.allSettled(ahead);
      }
    },
    async truncate(size) {
      await request<void>((sftp, answer) => sftp.fsetstat(handle, { size }, answer));
    },
    sync,
    syncAside: () => connection.sync(path, sync),
    copyFrom: (source, size) =>
      whereOffered(() =>
        // A length of 0 means all there is to this extension.
        size === 0
          ? Promise.resolve()
          : request<void>((sftp, answer) => sftp.ext_copy_data(source.handle, 0, size, handle, 0, answer)),
      ),
    async close() {
      // Not by `request`: after an abort the file is to be closed all the same.
      await connection.request<void>((sftp, answer) => sftp.close(handle, answer));
    },
  };
}

/** Whether an extension of the protocol did it; false where the server has it not. */
async function whereOffered(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    // The library's words when the server's greeting does not name the extension.
    const isUnknown = error instanceof Error && /does not support this extended request/.test(error.message);
    if (isUnknown || statusOf(error) === sftpStatus.Unsupported) return false;
    throw error;
  }
}

/**
 * Pieces of one write each: large views are cut evenly, which copies nothing, and small ones are put together, since
 * what a write costs besides its bytes is some thousand of them.
 */
export function* cutChunks(
  views: readonly Uint8Array[],
  position: number,
  size: number = CHUNK_BYTES,
): Generator<{ readonly bytes: Buffer; readonly at: number }> {
  const small = size / 4;
  let at = position;
  let gathered: Uint8Array[] = [];
  let held = 0;
  const flush = function* () {
    if (held === 0) return;
    yield { bytes: Buffer.concat(gathered, held), at };
    at += held;
    gathered = [];
    held = 0;
  };
  for (const view of views) {
    if (view.length < small) {
      if (held + view.length > size) yield* flush();
      gathered.push(view);
      held += view.length;
      continue;
    }
    yield* flush();
    const piece = Math.ceil(view.length / Math.ceil(view.length / size));
    for (let start = 0; start < view.length; start += piece) {
      const length = Math.min(piece, view.length - start);
      yield { bytes: Buffer.from(view.buffer, view.byteOffset + start, length), at };
      at += length;
    }
  }
  yield* flush();
}
