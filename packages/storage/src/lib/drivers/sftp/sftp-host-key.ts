import { createHash } from 'node:crypto';
import { TapedeckError } from '@tapedeck/core';
import type { ServerHostKeyAlgorithm } from 'ssh2';

/** What a server may be known by: a whole public key, or its fingerprint. */
export type HostKeyPin =
  | { readonly type: string; readonly key: Buffer }
  | { readonly type?: undefined; readonly fingerprint: string };

/** A key as a server shows it. */
export interface HostKey {
  /** E.g. `ssh-ed25519`. */
  readonly type: string;
  /** `SHA256:…`, as `ssh-keygen -l` writes it. */
  readonly fingerprint: string;
  /** As in known_hosts, without the host: `ssh-ed25519 AAAA…`. */
  readonly line: string;
}

/** 32 bytes in base64 without padding. */
const fingerprintForm = /^SHA256:([A-Za-z0-9+/]{43})=?$/;

/**
 * Reads one entry of `spec.sftp.hostKeys`: `ssh-ed25519 AAAA… [comment]`, a line of known_hosts (whose host, hashed or
 * not, is passed over: the entry belongs to this storage), or `SHA256:…`. `at` names the entry in messages.
 */
export function parseHostKey(entry: string, at: string): HostKeyPin {
  const text = entry.trim();
  if (fingerprintForm.test(text)) return { fingerprint: text.replace(/=$/, '') };
  const words = text.split(/\s+/);
  if (words[0]?.startsWith('@')) {
    throw invalid(at, `${words[0]} is not supported: name the key of the server itself`);
  }
  for (const [index, type] of words.slice(0, 2).entries()) {
    const key = Buffer.from(words[index + 1] ?? '', 'base64');
    if (readKeyType(key) === type) return { type, key };
  }
  throw invalid(
    at,
    'is no public key: write it like "ssh-ed25519 AAAA…" (from `ssh-keyscan`), or its fingerprint "SHA256:…"',
  );
}

export function describeHostKey(key: Buffer): HostKey {
  const type = readKeyType(key) ?? 'unknown';
  const digest = createHash('sha256').update(key).digest('base64').replace(/=+$/, '');
  return { type, fingerprint: `SHA256:${digest}`, line: `${type} ${key.toString('base64')}` };
}

export function isPinned(pins: readonly HostKeyPin[], key: Buffer): boolean {
  const { fingerprint } = describeHostKey(key);
  return pins.some((pin) => (pin.type === undefined ? pin.fingerprint === fingerprint : pin.key.equals(key)));
}

const rsaSignatures: readonly ServerHostKeyAlgorithm[] = ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'];
const signatures: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  ...rsaSignatures,
];

/**
 * The order in which the server is asked for its keys: those that are pinned first, for it shows only one, and another
 * than the pinned one is of no use.
 */
export function hostKeyAlgorithms(pins: readonly HostKeyPin[]): ServerHostKeyAlgorithm[] {
  const isWanted = (name: ServerHostKeyAlgorithm) =>
    pins.some(({ type }) => type === name || (type === 'ssh-rsa' && rsaSignatures.includes(name)));
  return [...signatures.filter(isWanted), ...signatures.filter((name) => !isWanted(name))];
}

/** The first field of an SSH public key is its type (RFC 4253, section 6.6). */
function readKeyType(key: Buffer): string | undefined {
  if (key.length < 4) return undefined;
  const length = key.readUInt32BE(0);
  return length > 0 && length <= 64 && key.length > 4 + length
    ? key.toString('latin1', 4, 4 + length)
    : undefined;
}

function invalid(at: string, problem: string): TapedeckError {
  return new TapedeckError('InvalidManifest', `${at} ${problem}.`);
}
