import { TapedeckError } from './error.ts';

/** Longest key that every provider takes, in bytes of UTF-8 (S3, GCS and Azure agree). */
export const maxKeyBytes = 1024;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const refused = /[\u0000-\u001f\u007f\\]/;

/** Why this text cannot be (part of) a key, or undefined. */
export function keyProblem(path: string): string | undefined {
  if (refused.test(path)) return 'must hold no control characters and no backslash';
  if (path.split('/').some((segment) => segment === '.' || segment === '..')) {
    return 'must not hold "." or ".." as a directory';
  }
  return undefined;
}

/**
 * A prefix or a path in its one normal form: no slash at either end, none doubled; the bucket's root (absent,
 * empty, `/`) is the empty string. Rejects `.` and `..` directories, backslashes and control characters with
 * `InvalidManifest`.
 */
export function normalizePrefix(prefix: string | undefined): string {
  const problem = keyProblem(prefix ?? '');
  if (problem !== undefined) throw new TapedeckError('InvalidManifest', `prefix "${prefix}" ${problem}`);
  return (prefix ?? '')
    .split('/')
    .filter((segment) => segment !== '')
    .join('/');
}

/** A key of parts that are in normal form; empty ones vanish. */
export function joinKey(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('/');
}

/** Bytes that a key takes in a request: UTF-8. */
export function keyBytes(key: string): number {
  let bytes = 0;
  for (const character of key) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
