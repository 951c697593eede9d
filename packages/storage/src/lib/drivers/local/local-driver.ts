import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';
import type { CallOptions, Driver } from '../../driver.ts';
import type { DriverConfig } from '../drivers.ts';
import { localCapabilities } from './local-capabilities.ts';
import { errnoOf, translateLocalError } from './local-errors.ts';
import {
  alreadyThere,
  describe,
  exists,
  giveName,
  makeDirectories,
  removeEmptyDirectories,
  resolveKey,
  syncDirectory,
  walk,
} from './local-files.ts';
import { identity, isCompleted, openUpload, parseToken, writeAll } from './local-upload.ts';

/** Beside the final name while the upload is open; it plays there already. */
const PART_SUFFIX = '.part';

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
