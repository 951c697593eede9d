import { TapedeckError } from '@tapedeck/core';

/** S3's limit in bytes of UTF-8, prefix included; the other services allow no less, but for SFTP's and local paths. */
export const MAX_KEY_BYTES = 1024;

/** A prefix without slashes around it and without empty segments; absent, empty or `/`: the bucket's root (''). */
export function normalizePrefix(prefix: string | undefined): string {
  return (prefix ?? '')
    .split('/')
    .filter((segment) => segment !== '')
    .join('/');
}

/** The key as the service knows it. Rejects keys that some service cannot hold. */
export function joinKey(prefix: string, key: string): string {
  const full = prefix === '' ? key : `${prefix}/${key}`;
  const problem = keyProblem(full);
  if (key === '' || problem !== undefined) {
    throw new TapedeckError(
      'InvalidManifest',
      `The key ${JSON.stringify(full.slice(0, 200))} ${problem ?? 'is empty'}; choose another name.`,
    );
  }
  return full;
}

function keyProblem(key: string): string | undefined {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `is longer than ${MAX_KEY_BYTES} bytes`;
  if (key.startsWith('/')) return 'starts with a slash';
  if (key.includes('\0')) return 'holds a NUL';
  const segments = key.split('/');
  if (segments.slice(0, -1).includes('')) return 'holds an empty path segment';
  if (segments.includes('.') || segments.includes('..')) return 'holds a . or .. as a path segment';
  return undefined;
}
