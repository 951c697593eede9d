import { randomBytes } from 'node:crypto';
import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';
import { crc32Of } from '../../crc32.ts';
import type { CompletedPart, Part, PartReceipt, UploadToken } from '../../driver.ts';
import { sftpStatus, statusOf } from './sftp-errors.ts';
import { joinPath, parentOf } from './sftp-files.ts';
import type { SftpFile, SftpSession } from './sftp-session.ts';

/** Names are cut to it before ours are put around them: file systems take 255 bytes. */
const MAX_NAME_BYTES = 200;

/** No two uploads have the same nonce: a later one of the same key has files of its own. */
const sftpToken = z.object({
  key: z.string(),
  nonce: z.string().regex(/^[0-9a-f]{16}$/),
  /** Fingerprint of the server it was begun on, where the first that comes is trusted. */
  hostKey: z.string().optional(),
});
export type SftpToken = z.infer<typeof sftpToken>;

/** `predicted`: told before the put, so whether the bytes arrived is to be looked up. */
const sftpReceipt = z.object({ size: z.number(), crc32: z.number(), predicted: z.literal(true).optional() });
export type SftpReceipt = z.infer<typeof sftpReceipt>;

export function createToken(key: string, hostKey: string | undefined): SftpToken {
  return { key, nonce: randomBytes(8).toString('hex'), ...(hostKey !== undefined && { hostKey }) };
}

export function parseToken(token: UploadToken): SftpToken {
  const parsed = sftpToken.safeParse(token);
  if (parsed.success) return parsed.data;
  throw new TapedeckError('InvalidManifest', 'The upload token is not one of an SFTP server.');
}

function parseReceipt(receipt: PartReceipt): SftpReceipt {
  const parsed = sftpReceipt.safeParse(receipt);
  if (parsed.success) return parsed.data;
  throw new TapedeckError('InvalidManifest', 'A part receipt is not one of an SFTP server.');
}

export function receiptOf({ size, bytes, crc32 = crc32Of(bytes) }: Part): SftpReceipt {
  return { size, crc32 };
}

/** The files of an open upload, beside the one that it is going to be. */
export interface UploadPaths {
  readonly final: string;
  /** All parts but the first, each at its place. */
  readonly body: string;
  /** Part 1 as it was put last, and its checksum behind it. */
  readonly head: string;
  /** Part 1 while it is written. */
  readonly newHead: string;
}

export function pathsOf(final: string, { nonce }: Pick<SftpToken, 'nonce'>): UploadPaths {
  const beside = (suffix: string) => temporaryPath(final, nonce, suffix);
  return { final, body: beside('part'), head: beside('head'), newHead: beside('head.new') };
}

export function temporaryPath(final: string, nonce: string, suffix: string): string {
  const parent = parentOf(final);
  const name = final.slice(parent === '' || parent === '/' ? parent.length : parent.length + 1);
  return joinPath(parent, `.${shorten(name)}.${nonce}.${suffix}`);
}

/** Whether a name is one of those that uploads have while they are open. */
export function isTemporary(path: string): boolean {
  return /(^|\/)\.[^/]*\.[0-9a-f]{16}\.(part|head|head\.new|tmp)$/.test(path);
}

function shorten(name: string): string {
  const bytes = Buffer.from(name);
  if (bytes.length <= MAX_NAME_BYTES) return name;
  // A character that is cut in two comes out as one that stands for nothing.
  return bytes.toString('utf8', 0, MAX_NAME_BYTES).replace(/\uFFFD+$/, '');
}

export function uploadGone({ final }: Pick<UploadPaths, 'final'>, cause?: unknown): TapedeckError {
  return new TapedeckError('UploadGone', `The upload into ${final} was completed or dropped before.`, {
    cause,
  });
}

/** Opens a file of the upload without ever making one: once it has its name or is dropped, there is none. */
export async function openBody(session: SftpSession, paths: UploadPaths): Promise<SftpFile> {
  return session.open(paths.body, 'r+').catch((error: unknown) => {
    throw statusOf(error) === sftpStatus.NoSuchFile ? uploadGone(paths, error) : error;
  });
}

const TRAILER_BYTES = 4;

/**
 * Part 1 has a file of its own until the end, and a new one comes beside it before it takes its place: whenever we are
 * cut off, the old head or the new one is there as a whole. What else is written over does not change but in length.
 */
export async function putHead(session: SftpSession, paths: UploadPaths, part: Part): Promise<void> {
  if ((await session.stat(paths.body)) === undefined) throw uploadGone(paths);
  // Not written over: what an earlier put has under way may still arrive, in the file that it opened.
  const isRemoved = await removeWhereAllowed(session, paths.newHead);
  await writeHead(await session.open(paths.newHead, isRemoved ? 'wx' : 'w'), part);
  try {
    await session.replace(paths.newHead, paths.head);
  } catch (error) {
    if (statusOf(error) !== sftpStatus.PermissionDenied) throw error;
    // Without the right to delete, on a server that cannot replace: this once the old one is lost while it is written.
    await writeHead(await session.open(paths.head, 'w'), part);
  }
  if ((await session.stat(paths.body)) !== undefined) return;
  await session.remove(paths.head);
  throw uploadGone(paths);
}

async function writeHead(file: SftpFile, part: Part): Promise<void> {
  try {
    const trailer = Buffer.alloc(TRAILER_BYTES);
    trailer.writeUInt32BE(receiptOf(part).crc32);
    await file.write([...part.bytes, trailer], 0);
    await file.sync();
  } finally {
    await closeQuietly(file);
  }
}

/** Puts part 1 where it belongs; `PartMismatch` where its file holds another one than the receipt tells. */
export async function placeHead(
  session: SftpSession,
  paths: UploadPaths,
  body: SftpFile,
  part: CompletedPart,
): Promise<void> {
  const head = await session.open(paths.head, 'r').catch((error: unknown) => {
    throw statusOf(error) === sftpStatus.NoSuchFile ? mismatch(paths, part) : error;
  });
  try {
    const { crc32 } = parseReceipt(part.receipt);
    const size = (await head.size()) - TRAILER_BYTES;
    // A longer one was put after the receipt was given, and begins with the same bytes unless the head is new.
    const isIt =
      size === part.size
        ? (await readAll(head, size, size + TRAILER_BYTES)).readUInt32BE() === crc32
        : size > part.size && (await checksumOf(head, 0, part.size)) === crc32;
    if (!isIt) throw mismatch(paths, part);
    if (await body.copyFrom(head, part.size)) return;
    let position = 0;
    for await (const chunk of head.read(0, part.size)) {
      await body.write([chunk], position);
      position += chunk.length;
    }
  } finally {
    await closeQuietly(head);
  }
}

/** Whether all parts but the first are in the file, as far as that is not known from their puts. */
export async function verifyBody(
  paths: UploadPaths,
  body: SftpFile,
  parts: readonly CompletedPart[],
): Promise<void> {
  const held = await body.size();
  for (const part of parts) {
    const { size, crc32, predicted } = parseReceipt(part.receipt);
    if (size !== part.size) throw mismatch(paths, part);
    if (part.number === 1) continue;
    if (part.offset + part.size > held) throw mismatch(paths, part);
    if (predicted && (await checksumOf(body, part.offset, part.offset + part.size)) !== crc32) {
      throw mismatch(paths, part);
    }
  }
}

function mismatch({ final }: UploadPaths, { number }: CompletedPart): TapedeckError {
  return new TapedeckError(
    'PartMismatch',
    `The server holds another part ${number} of ${final} than was put.`,
  );
}

async function checksumOf(file: SftpFile, start: number, end: number): Promise<number> {
  let crc32 = 0;
  for await (const chunk of file.read(start, end)) crc32 = crc32Of([chunk], crc32);
  return crc32;
}

async function readAll(file: SftpFile, start: number, end: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of file.read(start, end)) chunks.push(chunk);
  return Buffer.concat([...chunks, Buffer.alloc(TRAILER_BYTES)]);
}

/** False where the user may not delete. */
export async function removeWhereAllowed(session: SftpSession, path: string): Promise<boolean> {
  try {
    await session.remove(path);
    return true;
  } catch (error) {
    if (statusOf(error) === sftpStatus.PermissionDenied) return false;
    throw error;
  }
}

/** A file that cannot be closed is one of a connection that is lost, and whoever uses it hears of that. */
export async function closeQuietly(file: SftpFile): Promise<void> {
  await file.close().catch(() => undefined);
}
