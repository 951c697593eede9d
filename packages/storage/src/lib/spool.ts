import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { TapedeckError } from '@tapedeck/core';
import { crc32Of } from './crc32.ts';

/**
 * Parts that wait on scratch for their storage. One directory an upload, named by `spoolName`; in it one file
 * a part, `00042.part`:
 *
 *   bytes 0..255   a JSON object {version: 1, number, offset, size, crc32, revision}, padded with spaces and a newline
 *   bytes 256..    the part
 *
 * A file appears whole (written beside, then renamed) and replaces an older one of the same number. What is in
 * the spool is newer than what the journal says of that number; that also holds for part 1 with its final
 * head, which is written only after all that its index speaks of. A file goes away once its bytes are in the
 * storage and the journal that says so has been handed over.
 */
export interface Spool {
  readonly bytes: number;
  has(number: number): boolean;
  /** Rejects with `SpoolFull` past the limit, `ScratchFull` when the disk is full; an older file stays. */
  write(part: SpooledPart): Promise<void>;
  read(number: number): Promise<SpooledPart>;
  /** From now on only the disk is the limit: what is left in memory would be lost with the process. */
  lift(): void;
  remove(number: number): Promise<void>;
  /** Removes all of it with its directory. */
  clear(): Promise<void>;
}

export interface SpooledPart {
  readonly number: number;
  readonly offset: number;
  readonly size: number;
  /** See `Part`. */
  readonly revision?: number;
  readonly bytes: readonly Uint8Array[];
}

/**
 * Of the disk that scratch is on, so much stays free: what else is there (the journal, local mode's state) has to be
 * written all the more when the storage is away. A tenth of a small disk.
 */
const KEPT_FREE_BYTES = 64 * 1024 * 1024;
const KEPT_FREE_SHARE = 0.1;
const HEADER_BYTES = 256;
const SUFFIX = '.part';

/** Depends on what is fixed before the storage has answered for the first time. */
export function spoolName(storage: string, key: string): string {
  return createHash('sha256').update(`${storage}\0${key}`).digest('hex').slice(0, 24);
}

export async function openSpool(directory: string, maxBytes: number): Promise<Spool> {
  const sizes = new Map<number, number>();
  const fileOf = (number: number) => path.join(directory, `${String(number).padStart(5, '0')}${SUFFIX}`);
  for (const number of await listNumbers(directory)) {
    const part = await readPart(fileOf(number)).catch(() => undefined);
    // A file that cannot be read is as good as none: its bytes are lost, and its number will be written again.
    if (part?.number === number) sizes.set(number, part.size);
  }
  let limit = maxBytes;
  const total = () => sizes.values().reduce((sum, size) => sum + size, 0);
  return {
    get bytes() {
      return total();
    },
    has: (number) => sizes.has(number),
    async write(part) {
      const after = total() - (sizes.get(part.number) ?? 0) + part.size;
      if (after > limit) {
        throw new TapedeckError(
          'SpoolFull',
          `The parts waiting for the storage would take ${after} bytes of scratch, but only ${limit} are allowed; bring the storage back or allow more scratch.`,
        );
      }
      try {
        await writePart(directory, fileOf(part.number), part);
      } catch (error) {
        throw scratchError(directory, error);
      }
      sizes.set(part.number, part.size);
    },
    async read(number) {
      return readPart(fileOf(number));
    },
    lift() {
      limit = Number.POSITIVE_INFINITY;
    },
    async remove(number) {
      sizes.delete(number);
      await rm(fileOf(number), { force: true });
    },
    async clear() {
      sizes.clear();
      try {
        await rm(directory, { recursive: true, force: true });
      } catch (cause) {
        const code = codeOf(cause);
        const message = `${directory} cannot be removed (${code}); it takes room until somebody removes it.`;
        throw new TapedeckError('Unknown', message, { cause });
      }
    },
  };
}

/** The numbers that an earlier process left, in order; none when there is no such directory. */
export async function listNumbers(directory: string): Promise<number[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw scratchError(directory, error);
  });
  return names
    .filter((name) => /^\d+\.part$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b);
}

async function writePart(directory: string, file: string, part: SpooledPart): Promise<void> {
  await mkdir(directory, { recursive: true });
  const { number, offset, size, revision } = part;
  await requireRoom(directory, size);
  const header = JSON.stringify({ version: 1, number, offset, size, crc32: crc32Of(part.bytes), revision });
  const beside = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(beside, [Buffer.from(`${header.padEnd(HEADER_BYTES - 1)}\n`), ...part.bytes], {
      flush: true,
    });
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined); // The first failure is the one to report.
    throw error;
  }
}

/** Rejects as a full disk does when the part would take what is kept free. */
async function requireRoom(directory: string, size: number): Promise<void> {
  const { bavail, blocks, bsize } = await statfs(directory);
  const kept = Math.min(KEPT_FREE_BYTES, blocks * bsize * KEPT_FREE_SHARE);
  if (bavail * bsize - size < kept)
    throw Object.assign(new Error('the rest of the disk is not for scratch'), { code: 'ENOSPC' });
}

async function readPart(file: string): Promise<SpooledPart> {
  await using handle = await open(file, 'r');
  const header = Buffer.alloc(HEADER_BYTES);
  await handle.read(header, 0, HEADER_BYTES, 0);
  const fields: unknown = parseJson(header.toString());
  if (!isHeader(fields)) throw damaged(file);
  const bytes = Buffer.allocUnsafeSlow(fields.size);
  let done = 0;
  while (done < fields.size) {
    const { bytesRead } = await handle.read(bytes, done, fields.size - done, HEADER_BYTES + done);
    if (bytesRead === 0) throw damaged(file);
    done += bytesRead;
  }
  if (crc32Of([bytes]) !== fields.crc32) throw damaged(file);
  const { number, offset, size, revision } = fields;
  return { number, offset, size, bytes: [bytes], ...(revision !== undefined && { revision }) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not a header; the caller says so.
  }
}

function isHeader(value: unknown): value is {
  number: number;
  offset: number;
  size: number;
  crc32: number;
  revision?: number;
  version: 1;
} {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  return (
    fields.version === 1 &&
    ['number', 'offset', 'size', 'crc32'].every((name) => Number.isSafeInteger(fields[name])) &&
    (fields.revision === undefined || Number.isSafeInteger(fields.revision))
  );
}

function damaged(file: string): TapedeckError {
  return new TapedeckError(
    'Unknown',
    `The spooled part ${path.basename(file)} is damaged and cannot be sent.`,
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

function scratchError(directory: string, error: unknown): TapedeckError {
  if (error instanceof TapedeckError) return error;
  const code = codeOf(error);
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new TapedeckError(
    full ? 'ScratchFull' : 'Unknown',
    full
      ? `The disk that holds ${directory} is full but for what is kept free, and the storage does not take the recording's parts; free some space.`
      : `Parts cannot be kept in ${directory} (${code}).`,
    { cause: error },
  );
}
