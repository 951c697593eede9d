import { TapedeckError } from '@tapedeck/core';
import type { Stats } from 'ssh2';
import type { ObjectInfo } from '../../driver.ts';
import { sftpStatus, statusOf } from './sftp-errors.ts';
import type { SftpSession } from './sftp-session.ts';

/** Where a key's file is. Refuses keys that lead out of the directory or that no file can have. */
export function resolveKey(root: string, key: string): string {
  const segments = key.split('/');
  if (key.includes('\0') || segments.some((segment) => ['', '.', '..'].includes(segment))) {
    throw new TapedeckError(
      'InvalidManifest',
      `${JSON.stringify(key.slice(0, 200))} cannot be a file's name below ${root === '' ? 'the login’s directory' : root}.`,
    );
  }
  return joinPath(root, key);
}

export function joinPath(directory: string, name: string): string {
  if (directory === '') return name;
  return directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`;
}

/** '' is where the login lands. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash > 0 ? path.slice(0, slash) : path.slice(0, slash + 1);
}

export function infoOf(key: string, { size, mtime }: Stats): ObjectInfo {
  return { key, size, etag: `${mtime}-${size}` };
}

export async function describe(session: SftpSession, key: string, path: string): Promise<ObjectInfo> {
  const found = await session.stat(path);
  if (found === undefined) throw new TapedeckError('NotFound', `There is no ${path}.`);
  if (!found.isFile()) throw new TapedeckError('NotFound', `${path} is not a file.`);
  return infoOf(key, found);
}

export function alreadyThere(path: string): TapedeckError {
  return new TapedeckError(
    'AlreadyExists',
    `${path} is there already, and it is not replaced; choose another name.`,
  );
}

/** Makes a directory and those above it, as far as they are not there. `root` is the storage's own. */
export async function makeDirectories(session: SftpSession, root: string, directory: string): Promise<void> {
  if (directory === '' || directory === '/') return;
  try {
    await session.mkdir(directory);
  } catch (error) {
    const found = await session.stat(directory);
    if (found?.isDirectory()) return;
    if (found !== undefined) {
      throw new TapedeckError('BucketNotFound', `${directory} is a file, not a directory.`, { cause: error });
    }
    if (statusOf(error) === sftpStatus.NoSuchFile) {
      await makeDirectories(session, root, parentOf(directory));
      await session.mkdir(directory).catch(async (again: unknown) => {
        // Somebody else may have made it in the meantime.
        if (!(await session.stat(directory))?.isDirectory()) throw again;
      });
      return;
    }
    const isOurs = root !== '' && directory.startsWith(joinPath(root, ''));
    if (statusOf(error) !== sftpStatus.PermissionDenied || isOurs) throw error;
    throw new TapedeckError(
      'BucketNotFound',
      `There is no directory ${root}, and the user may not make it; correct spec.sftp.directory or make it there.`,
      { cause: error },
    );
  }
}

/** Directories were made for the key's sake; one that holds something else stays. */
export async function removeEmptyDirectories(
  session: SftpSession,
  root: string,
  from: string,
): Promise<void> {
  const isBelow = (directory: string) =>
    directory !== root && directory !== '' && directory.startsWith(root === '' ? '' : joinPath(root, ''));
  for (let directory = from; isBelow(directory); directory = parentOf(directory)) {
    try {
      await session.rmdir(directory);
    } catch (error) {
      if (statusOf(error) === undefined) throw error;
      return; // Not empty, or not ours to remove: it stays, and so does all above it.
    }
  }
}

export interface FoundFile {
  readonly path: string;
  readonly attrs: Stats;
}

/** All files below a directory, in order of their names; without what is not there or is no file, such as links. */
export async function* walk(session: SftpSession, directory: string): AsyncGenerator<FoundFile> {
  const entries = await session.readdir(directory === '' ? '.' : directory).catch((error: unknown) => {
    if (statusOf(error) === sftpStatus.NoSuchFile) return [];
    throw error;
  });
  const sorted = [...entries].sort((a, b) => (a.filename < b.filename ? -1 : 1));
  for (const { filename, attrs } of sorted) {
    const path = joinPath(directory, filename);
    if (attrs.isDirectory()) yield* walk(session, path);
    else if (attrs.isFile()) yield { path, attrs };
  }
}
