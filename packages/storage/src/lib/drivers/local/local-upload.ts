import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';
import type { UploadToken } from '../../driver.ts';
import { errnoOf } from './local-errors.ts';

/** The file that an upload began: a later one of the same name is another upload's. */
const localToken = z.object({ key: z.string(), inode: z.string(), born: z.string() });

export function parseToken(token: UploadToken): z.infer<typeof localToken> {
  const parsed = localToken.safeParse(token);
  if (parsed.success) return parsed.data;
  throw new TapedeckError('InvalidManifest', 'The upload token is not one of a local directory.');
}

export async function identity(handle: FileHandle): Promise<{ inode: string; born: string }> {
  const { ino, birthtimeNs } = await handle.stat({ bigint: true });
  return { inode: String(ino), born: String(birthtimeNs) };
}

/** Opens the upload's file without ever making one: once it has its name or is dropped, there is none. */
export async function openUpload(file: string, token: UploadToken): Promise<FileHandle> {
  const { inode, born } = parseToken(token);
  const handle = await open(file, constants.O_RDWR).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') throw uploadGone(file, error);
    throw error;
  });
  try {
    const found = await identity(handle);
    if (found.inode !== inode || found.born !== born) throw uploadGone(file);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function uploadGone(file: string, cause?: unknown): TapedeckError {
  return new TapedeckError('UploadGone', `The upload into ${file} was completed or dropped before.`, {
    cause,
  });
}

export async function isCompleted(final: string, token: UploadToken): Promise<boolean> {
  const { inode, born } = parseToken(token);
  const found = await stat(final, { bigint: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  return found !== undefined && String(found.ino) === inode && String(found.birthtimeNs) === born;
}

export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
