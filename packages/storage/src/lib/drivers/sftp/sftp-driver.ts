import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { TapedeckError } from '@tapedeck/core';
import type { CallOptions, Driver, UploadToken } from '../../driver.ts';
import type { DriverConfig } from '../drivers.ts';
import { sftpCapabilities } from './sftp-capabilities.ts';
import { createSftpClient } from './sftp-client.ts';
import { DEFAULT_PORT, readSftpConfig, type SftpConfig } from './sftp-config.ts';
import { sftpStatus, statusOf, translateSftpError } from './sftp-errors.ts';
import {
  alreadyThere,
  describe,
  type FoundFile,
  infoOf,
  makeDirectories,
  parentOf,
  removeEmptyDirectories,
  resolveKey,
  walk,
} from './sftp-files.ts';
import { explainFull } from './sftp-room.ts';
import type { SftpFile, SftpSession } from './sftp-session.ts';
import {
  closeQuietly,
  createToken,
  isTemporary,
  openBody,
  parseToken,
  pathsOf,
  placeHead,
  putHead,
  receiptOf,
  removeWhereAllowed,
  temporaryPath,
  type UploadPaths,
  uploadGone,
  verifyBody,
} from './sftp-upload.ts';

const needs = {
  write: 'make, write and read its own files and directories there',
  rename: 'rename its own files there',
  read: 'read there',
  list: 'list the directories there',
  remove: 'delete there',
} as const;

/**
 * Files on a server that speaks SFTP. While an upload is open its bytes are in `.<name>.<nonce>.part` (and part 1 in
 * `….head`) beside the final name; completing puts part 1 in its place, cuts the file to length, and gives it its
 * name, which never replaces a file that is there. What a recorder that nobody finishes leaves are those two: hidden,
 * and old. Writing needs a user that may make and rename files below the directory and read its own back; no right to
 * list, overwrite or delete. Content type and metadata have no place.
 */
export async function createSftpDriver({ spec, credentials, trustedHostKey }: DriverConfig): Promise<Driver> {
  const config = readSftpConfig(spec, credentials);
  const { directory: root, hostKeys } = config;
  const address = addressOf(config);
  const client = createSftpClient(config, address);
  if (trustedHostKey !== undefined) client.expectHostKey(trustedHostKey);
  const fileOf = (key: string) => resolveKey(root, key);
  const url = (key: string) => address + urlPath(root, key);

  const call = async <T>(
    what: string,
    need: string,
    options: CallOptions | undefined,
    operation: (session: SftpSession) => Promise<T>,
  ): Promise<T> => {
    try {
      return await client.run(options?.signal, operation);
    } catch (error) {
      throw translateSftpError({ what, needs: need }, error, options?.signal);
    }
  };

  const openToken = (token: UploadToken): { key: string; paths: UploadPaths } => {
    const parsed = parseToken(token);
    if (parsed.hostKey !== undefined && hostKeys.length === 0) client.expectHostKey(parsed.hostKey);
    return { key: parsed.key, paths: pathsOf(fileOf(parsed.key), parsed) };
  };

  return {
    provider: 'SFTP',
    username: config.username,
    capabilities: sftpCapabilities,
    get endpoint() {
      if (hostKeys.length > 0 || client.hostKey === undefined) return address;
      return `${address} with the key ${client.hostKey.fingerprint}`;
    },
    get trustedHostKey() {
      return client.expectedHostKey;
    },
    url,

    async begin({ key }, options) {
      const final = fileOf(key);
      return call(`Creating ${url(key)}`, needs.write, options, async (session) => {
        if ((await session.stat(final)) !== undefined) throw alreadyThere(final);
        const token = createToken(key, hostKeys.length === 0 ? client.hostKey?.fingerprint : undefined);
        const file = await create(session, root, pathsOf(final, token).body);
        await file.close();
        return token;
      });
    },

    async putPart(token, part, options) {
      const { key, paths } = openToken(token);
      return call(`Writing ${url(key)}`, needs.write, options, async (session) => {
        await explainFull(session, paths.final, part.size, async () => {
          if (part.number === 1) return putHead(session, paths, part);
          const file = await openBody(session, paths);
          try {
            await file.write(part.bytes, part.offset);
            await file.syncAside();
          } finally {
            await closeQuietly(file);
          }
        });
        return receiptOf(part);
      });
    },

    predictReceipt: (part) => ({ ...receiptOf(part), predicted: true }),

    async complete(token, parts, options) {
      const { key, paths } = openToken(token);
      const size = parts.reduce((sum, part) => sum + part.size, 0);
      return call(`Completing ${url(key)}`, needs.rename, options, async (session) => {
        const body = await openBody(session, paths).catch(async (error: unknown) => {
          // An earlier completion was cut off before it had cleared away.
          if (isGone(error)) await clearAway(session, paths);
          throw error;
        });
        try {
          await verifyBody(paths, body, parts);
          const head = parts.find(({ number }) => number === 1);
          if (head === undefined) {
            throw new TapedeckError('PartMismatch', `Nothing of ${paths.final} was put.`);
          }
          await placeHead(session, paths, body, head);
          await body.truncate(size);
          await body.sync();
        } finally {
          await closeQuietly(body);
        }
        await giveName(session, paths);
        await clearAway(session, paths);
        return describe(session, key, paths.final).catch((error: unknown) => {
          if (statusOf(error) !== sftpStatus.PermissionDenied) throw error;
          return { key, size };
        });
      });
    },

    async abort(token, options) {
      const { key, paths } = openToken(token);
      await call(`Dropping ${url(key)}`, needs.remove, options, async (session) => {
        // The body goes first: without it no put makes anything again.
        for (const path of [paths.body, paths.newHead, paths.head]) await session.remove(path);
        await removeEmptyDirectories(session, root, parentOf(paths.final));
      });
    },

    async put({ key }, bytes, options) {
      const final = fileOf(key);
      const beside = temporaryPath(final, randomBytes(8).toString('hex'), 'tmp');
      return call(`Writing ${url(key)}`, needs.write, options, async (session) => {
        await explainFull(session, final, bytes.length, async () => {
          const file = await create(session, root, beside);
          try {
            await file.write([bytes], 0);
            await file.sync();
          } finally {
            await closeQuietly(file);
          }
        });
        try {
          await session.replace(beside, final);
        } catch (error) {
          await removeWhereAllowed(session, beside);
          throw error;
        }
        return describe(session, key, final);
      });
    },

    head: (key, options) =>
      call(`Looking for ${url(key)}`, needs.read, options, (session) => describe(session, key, fileOf(key))),

    async get(key, range, options) {
      const path = fileOf(key);
      const what = `Reading ${url(key)}`;
      const file = await call(what, needs.read, options, async (session) => {
        await describe(session, key, path);
        return session.open(path, 'r');
      });
      const read = async function* () {
        try {
          yield* file.read(range?.[0] ?? 0, range?.[1] ?? (await file.size()));
        } catch (error) {
          throw translateSftpError({ what, needs: needs.read }, error, options?.signal);
        }
      };
      // However its reader ends, having begun or not.
      return Readable.from(read(), { objectMode: false }).once('close', () => void closeQuietly(file));
    },

    async delete(key, options) {
      const path = fileOf(key);
      await call(`Deleting ${url(key)}`, needs.remove, options, async (session) => {
        await session.remove(path);
        await removeEmptyDirectories(session, root, parentOf(path));
      });
    },

    async *list(prefix, options) {
      // Prefixes may end inside a name, as everywhere else.
      const directory = prefix.includes('/') ? resolveKey(root, parentOf(`${prefix}x`)) : root;
      const above = root === '' ? 0 : resolveKey(root, 'x').length - 1;
      const found = await call(`Listing ${url(prefix)}`, needs.list, options, async (session) => {
        const files: FoundFile[] = [];
        for await (const file of walk(session, directory)) files.push(file);
        return files;
      });
      for (const { path, attrs } of found) {
        const key = path.slice(above);
        if (key.startsWith(prefix) && !isTemporary(path)) yield infoOf(key, attrs);
      }
    },

    close: () => client.close(),
  };
}

/** A new file, in a directory that is made where it is missing. */
async function create(session: SftpSession, root: string, path: string): Promise<SftpFile> {
  try {
    return await session.open(path, 'wx');
  } catch (error) {
    if (statusOf(error) !== sftpStatus.NoSuchFile) throw error;
    await makeDirectories(session, root, parentOf(path));
    return session.open(path, 'wx');
  }
}

/** Renaming fails where the name is taken; the few servers on which it does not are asked before. */
async function giveName(session: SftpSession, paths: UploadPaths): Promise<void> {
  if ((await session.stat(paths.final)) !== undefined) throw alreadyThere(paths.final);
  try {
    await session.rename(paths.body, paths.final);
  } catch (error) {
    if (statusOf(error) === sftpStatus.NoSuchFile) throw uploadGone(paths, error);
    if (statusOf(error) === sftpStatus.Failure && (await session.stat(paths.final)) !== undefined) {
      throw alreadyThere(paths.final);
    }
    throw error;
  }
}

/** What part 1 was in; where the user may not delete, it stays. */
async function clearAway(session: SftpSession, paths: UploadPaths): Promise<void> {
  await Promise.all([paths.head, paths.newHead].map((path) => removeWhereAllowed(session, path)));
}

function isGone(error: unknown): boolean {
  return error instanceof TapedeckError && error.code === 'UploadGone';
}

function addressOf({ host, port }: SftpConfig): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === DEFAULT_PORT ? `sftp://${name}` : `sftp://${name}:${port}`;
}

/** Paths from where the login lands begin with `/~/`, as in curl's and other programs' addresses. */
function urlPath(root: string, key: string): string {
  const path = root === '' ? key : `${root}/${key}`;
  const encoded = path.toWellFormed().split('/').map(encodeURIComponent).join('/');
  return encoded.startsWith('/') ? encoded.replace(/^\/+/, '/') : `/~/${encoded}`;
}
