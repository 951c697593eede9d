import { constants, createReadStream } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';
import type { CallOptions, Driver, ObjectInfo, UploadToken } from '../../driver.ts';
import type { DriverConfig } from '../drivers.ts';
import { localCapabilities } from './local-capabilities.ts';
import { errnoOf, translateLocalError } from './local-errors.ts';

/** Beside the final name while the upload is open; it plays there already. */
const PART_SUFFIX = '.part';

/** The file that an upload began: a later one of the same name is another upload's. */
const localToken = z.object({ key: z.string(), inode: z.string(), born: z.string() });
const localReceipt = z.object({ size: z.number() });

/**
 * Files in a directory. An upload is `<name>.part`, written at each part's place; completing cuts it to length
 * and gives it its name, which never replaces a file that is there. Parts are synced before their receipt is
 * given (fdatasync), the name before `complete` resolves: what is stored survives a power cut. Every put opens
 * the file anew, so a zombie finds nothing once the upload is over. Content type and metadata have no place.
 */
export async function createLocalDriver({ spec }: DriverConfig): Promise<Driver> {
  if (spec.local === undefined) throw new TapedeckError('InvalidManifest', 'spec.local is missing.');
  const root = path.resolve(spec.local.directory);
  const fileOf = (key: string) => resolveKey(root, key);

  return {
    provider: 'Local',
    capabilities: localCapabilities,
    url: (key) => pathToFileURL(key === '' ? root : fileOf(key)).href,

    async begin({ key }, options) {
      const file = `${fileOf(key)}${PART_SUFFIX}`;
      return attempt(`Creating ${file}`, options, async () => {
        await makeDirectories(path.dirname(file));
        if (await exists(fileOf(key))) throw alreadyThere(fileOf(key));
        const handle = await open(file, 'wx').catch((error: unknown) => {
          throw errnoOf(error) === 'EEXIST' ? alreadyThere(file) : error;
        });
        try {
          return { key, ...(await identity(handle)) };
        } finally {
          await handle.close();
        }
      });
    },

    async putPart(token, part, options) {
      const { key } = parseToken(token);
      const file = `${fileOf(key)}${PART_SUFFIX}`;
      return attempt(`Writing ${file}`, options, async () => {
        const handle = await openUpload(file, token);
        try {
          let position = part.offset;
          for (const bytes of part.bytes) {
            options?.signal?.throwIfAborted();
            await writeAll(handle, bytes, position);
            position += bytes.length;
          }
          await handle.datasync();
        } finally {
          await handle.close();
        }
        return { size: part.size };
      });
    },

    async complete(token, parts, options) {
      const { key } = parseToken(token);
      const final = fileOf(key);
      const file = `${final}${PART_SUFFIX}`;
      const size = parts.reduce((sum, part) => sum + part.size, 0);
      return attempt(`Completing ${final}`, options, async () => {
        for (const { number, size, receipt } of parts) {
          if (localReceipt.parse(receipt).size !== size) {
            throw new TapedeckError(
              'PartMismatch',
              `Part ${number} of ${final} has another size than its receipt.`,
            );
          }
        }
        if (await isCompleted(final, token)) return describe(key, final);
        const handle = await openUpload(file, token);
        try {
          if ((await handle.stat()).size < size) {
            throw new TapedeckError('PartMismatch', `${file} is shorter than its parts.`);
          }
          await handle.truncate(size);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await giveName(file, final);
        await syncDirectory(path.dirname(final));
        return describe(key, final);
      });
    },

    async abort(token, options) {
      const { key } = parseToken(token);
      const file = `${fileOf(key)}${PART_SUFFIX}`;
      await attempt(`Removing ${file}`, options, async () => {
        try {
          await (await openUpload(file, token)).close();
        } catch (error) {
          if (error instanceof TapedeckError && error.code === 'UploadGone') return;
          throw error;
        }
        await rm(file, { force: true });
        await removeEmptyDirectories(root, path.dirname(file));
      });
    },

    async put({ key }, bytes, options) {
      const file = fileOf(key);
      return attempt(`Writing ${file}`, options, async () => {
        await makeDirectories(path.dirname(file));
        const beside = `${file}.${process.pid}.${performance.now()}.tmp`;
        try {
          const handle = await open(beside, 'wx');
          try {
            await handle.writeFile(bytes);
            await handle.sync();
          } finally {
            await handle.close();
          }
          await rename(beside, file);
        } catch (error) {
          await rm(beside, { force: true });
          throw error;
        }
        return describe(key, file);
      });
    },

    head: (key, options) => attempt(`Looking for ${fileOf(key)}`, options, () => describe(key, fileOf(key))),

    async get(key, range, options) {
      const file = fileOf(key);
      return attempt(`Reading ${file}`, options, async () => {
        await describe(key, file);
        const limits = range === undefined ? {} : { start: range[0], end: range[1] - 1 };
        return createReadStream(file, { ...limits, ...(options?.signal && { signal: options.signal }) });
      });
    },

    async delete(key, options) {
      const file = fileOf(key);
      await attempt(`Deleting ${file}`, options, async () => {
        await rm(file, { force: true });
        await removeEmptyDirectories(root, path.dirname(file));
      });
    },

    async *list(prefix, options) {
      // Prefixes may end inside a name, as everywhere else.
      const directory = prefix.includes('/') ? resolveKey(root, path.posix.dirname(`${prefix}x`)) : root;
      for await (const file of walk(directory)) {
        options?.signal?.throwIfAborted();
        const key = path.relative(root, file).split(path.sep).join('/');
        if (!key.startsWith(prefix) || key.endsWith(PART_SUFFIX)) continue;
        yield await attempt(`Looking for ${file}`, options, () => describe(key, file));
      }
    },

    close: () => Promise.resolve(),
  };
}

/** Refuses keys that lead out of the directory or that no file can have. */
function resolveKey(root: string, key: string): string {
  const segments = key.split('/');
  if (key.includes('\0') || segments.some((segment) => ['', '.', '..'].includes(segment))) {
    throw new TapedeckError(
      'InvalidManifest',
      `${JSON.stringify(key.slice(0, 200))} cannot be a file's name below ${root}.`,
    );
  }
  return path.join(root, ...segments);
}

async function attempt<T>(
  what: string,
  options: CallOptions | undefined,
  call: () => Promise<T>,
): Promise<T> {
  try {
    options?.signal?.throwIfAborted();
    return await call();
  } catch (error) {
    if (options?.signal?.aborted)
      throw new TapedeckError('Aborted', `${what} was aborted.`, { cause: error });
    throw translateLocalError(what, error);
  }
}

function parseToken(token: UploadToken): z.infer<typeof localToken> {
  const parsed = localToken.safeParse(token);
  if (parsed.success) return parsed.data;
  throw new TapedeckError('InvalidManifest', 'The upload token is not one of a local directory.');
}

async function identity(handle: FileHandle): Promise<{ inode: string; born: string }> {
  const { ino, birthtimeNs } = await handle.stat({ bigint: true });
  return { inode: String(ino), born: String(birthtimeNs) };
}

/** Opens the upload's file without ever making one: once it has its name or is dropped, there is none. */
async function openUpload(file: string, token: UploadToken): Promise<FileHandle> {
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

function alreadyThere(file: string): TapedeckError {
  return new TapedeckError(
    'AlreadyExists',
    `${file} is there already, and it is not replaced; choose another name.`,
  );
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function isCompleted(final: string, token: UploadToken): Promise<boolean> {
  const { inode, born } = parseToken(token);
  const found = await stat(final, { bigint: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  return found !== undefined && String(found.ino) === inode && String(found.birthtimeNs) === born;
}

/** A hard link fails where the name is taken, which a rename would not; some file systems have none. */
async function giveName(file: string, final: string): Promise<void> {
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
async function makeDirectories(directory: string): Promise<void> {
  try {
    await mkdir(directory);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') return;
    if (errno !== 'ENOENT') throw error;
    const parent = path.dirname(directory);
    if (await exists(parent)) {
      throw new TapedeckError('BucketNotFound', `${parent} takes no new directory.`, { cause: error });
    }
    await makeDirectories(parent);
    await makeDirectories(directory);
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function syncDirectory(directory: string): Promise<void> {
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

async function describe(key: string, file: string): Promise<ObjectInfo> {
  const found = await stat(file, { bigint: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT')
      throw new TapedeckError('NotFound', `There is no ${file}.`, { cause: error });
    throw error;
  });
  if (!found.isFile()) throw new TapedeckError('NotFound', `${file} is not a file.`);
  return { key, size: Number(found.size), etag: `${found.ino}-${found.mtimeNs}` };
}

async function* walk(directory: string): AsyncIterable<string> {
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

/** Directories were made for the key's sake; one that holds something else stays. */
async function removeEmptyDirectories(root: string, from: string): Promise<void> {
  for (let directory = from; directory.startsWith(root + path.sep); directory = path.dirname(directory)) {
    try {
      await rmdir(directory);
    } catch {
      return; // Not empty, or not ours to remove: it stays, and so does all above it.
    }
  }
}
