import { link, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { TapedeckError } from '@tapedeck/core';
import type { ObjectInfo } from '../../driver.ts';
import { errnoOf, translateLocalError } from './local-errors.ts';

/** Refuses keys that lead out of the directory or that no file can have. */
export function resolveKey(root: string, key: string): string {
  const segments = key.split('/');
  if (key.includes('\0') || segments.some((segment) => ['', '.', '..'].includes(segment))) {
    throw new TapedeckError(
      'InvalidManifest',
      `${JSON.stringify(key.slice(0, 200))} cannot be a file's name below ${root}.`,
    );
  }
  return path.join(root, ...segments);
}

export async function describe(key: string, file: string): Promise<ObjectInfo> {
  const found = await stat(file, { bigint: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT')
      throw new TapedeckError('NotFound', `There is no ${file}.`, { cause: error });
    throw error;
  });
  if (!found.isFile()) throw new TapedeckError('NotFound', `${file} is not a file.`);
  return { key, size: Number(found.size), etag: `${found.ino}-${found.mtimeNs}` };
}

export async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

export function alreadyThere(file: string): TapedeckError {
  return new TapedeckError(
    'AlreadyExists',
    `${file} is there already, and it is not replaced; choose another name.`,
  );
}

/** A hard link fails where the name is taken, which a rename would not; some file systems have none. */
export async function giveName(file: string, final: string): Promise<void> {
  try {
    await link(file, final);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') throw alreadyThere(final);
    if (errno === undefined || !['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errno))
      throw error;
    if (await exists(final)) throw alreadyThere(final);
    await rename(file, final);
    return;
  }
  await rm(file, { force: true });
}

/** Like `mkdir -p`. Node's own never ends where a directory is refused with "no such file" (as in /proc). */
export async function makeDirectories(directory: string): Promise<void> {
  try {
    await mkdir(directory);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') {
      if ((await stat(directory)).isDirectory()) return;
      throw new TapedeckError(
        'BucketNotFound',
        `${directory} is a file, and recordings go into a directory: choose another path, or move the file away.`,
        { cause: error },
      );
    }
    if (errno !== 'ENOENT') throw error;
    const parent = path.dirname(directory);
    if (await exists(parent)) {
      throw new TapedeckError('BucketNotFound', `${parent} takes no new directory; choose another one.`, {
        cause: error,
      });
    }
    await makeDirectories(parent);
    await makeDirectories(directory);
  }
}

/** Directories were made for the key's sake; one that holds something else stays. */
export async function removeEmptyDirectories(root: string, from: string): Promise<void> {
  for (let directory = from; directory.startsWith(root + path.sep); directory = path.dirname(directory)) {
    try {
      await rmdir(directory);
    } catch {
      return; // Not empty, or not ours to remove: it stays, and so does all above it.
    }
  }
}

export async function* walk(directory: string): AsyncIterable<string> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw translateLocalError(`Listing ${directory}`, error);
  });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) yield* walk(file);
    else if (entry.isFile()) yield file;
  }
}

export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems cannot sync a directory; the file itself is safe.
    if (!['EINVAL', 'ENOTSUP', 'EBADF'].includes(errnoOf(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}
