import { TapedeckError } from './error.ts';
import { fillPath } from './path-template.ts';
import { joinKey, keyBytes, maxKeyBytes, normalizePrefix } from './prefix.ts';

/**
 * Bytes kept free behind a key's base: `_0042_a101` and an extension, or the name of what lies beside the file
 * (its journal, its manifest).
 */
export const keySuffixBytes = 64;

/** A room never takes more of a file name than this, in characters. */
const maxRoomLength = 128;

/** `20261121T090000Z`: UTC, to the second, safe in every file system. */
export function fileTimestamp(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

/**
 * A room's name as a file name can hold it: letters and digits of ASCII, `-`, `_` and `.` stay, accents are taken
 * off, whatever else there is becomes one `-` for each run of it, and none is left at the ends. May be empty.
 */
export function roomSlug(room: string): string {
  return room
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/\.{2,}/g, '.')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, maxRoomLength);
}

/** Eight characters of a uid: its end, which differs also in uids that begin with the time. */
export function shortUid(uid: string): string {
  return uid
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(-8)
    .toLowerCase();
}

export interface FileNameInput {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** When the recording was asked for (its creationTimestamp). */
  readonly time: Date;
  readonly room?: string | undefined;
  readonly fileNamePrefix?: string | undefined;
  /** The template of `spec.path`. */
  readonly path?: string | undefined;
  /** The storage's own prefix, only for the limit on a key's length. */
  readonly storagePrefix?: string | undefined;
  /** Adds the uid, because another recording would get the same name. */
  readonly distinct?: boolean | undefined;
}

/**
 * The key of a recording's first file, without extension and without the storage's prefix: `<room>_<timestamp>` below
 * the path, `fileNamePrefix` before it. The uid's end is added wherever the name alone could meet another: when the
 * room is absent (the resource's name stands in, unique only within its namespace), when the room lost characters,
 * and when the caller asks. Rejects with `InvalidManifest` when the path leaves no room within 1,024 bytes.
 */
export function fileKeyBase(input: FileNameInput): string {
  const slug = input.room === undefined ? '' : roomSlug(input.room);
  const timestamp = fileTimestamp(input.time);
  const distinct = input.distinct === true || slug === '' || slug !== input.room;
  const directory = normalizePrefix(
    fillPath(input.path ?? '', {
      namespace: input.namespace,
      name: input.name,
      room: slug === '' ? input.name : slug,
      date: timestamp.slice(0, 8),
      time: timestamp.slice(9, 15),
      timestamp,
      year: timestamp.slice(0, 4),
      month: timestamp.slice(4, 6),
      day: timestamp.slice(6, 8),
      hour: timestamp.slice(9, 11),
      uid: input.uid,
    }),
  );
  const head = input.fileNamePrefix === undefined ? '' : `${input.fileNamePrefix}_`;
  const tail = `_${timestamp}${distinct ? `_${shortUid(input.uid)}` : ''}`;
  const fixed =
    keyBytes(joinKey(normalizePrefix(input.storagePrefix), directory, head + tail)) + keySuffixBytes;
  const left = maxKeyBytes - fixed;
  if (left < 1) {
    throw new TapedeckError(
      'InvalidManifest',
      `the storage's prefix and spec.path take ${fixed} of the ${maxKeyBytes} bytes that a key may have; shorten them`,
    );
  }
  const middle = (slug === '' ? input.name : slug).slice(0, left);
  return joinKey(directory, `${head}${middle}${tail}`);
}

/**
 * The key of one file of a recording: segment 2 is `<base>_002.mp4`. Whatever an attempt after the first writes has
 * `_a<attempt>` too, also in a segment of its own: a predecessor that is cut off but alive may still be
 * writing, and must never meet it.
 */
export function fileKey(
  keyBase: string,
  file: { readonly segment: number; readonly attempt: number; readonly extension?: string },
): string {
  const segment = file.segment > 1 ? `_${String(file.segment).padStart(3, '0')}` : '';
  const attempt = file.attempt > 1 ? `_a${file.attempt}` : '';
  return `${keyBase}${segment}${attempt}.${file.extension ?? 'mp4'}`;
}
