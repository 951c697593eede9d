import { TapedeckError } from '../error.ts';
import type { ExternalStorageSpec } from '../external-storage.ts';

/** Rights beside the one to write, which is all that recording needs. */
export const storageRights = ['read', 'list', 'delete', 'links'] as const;
export type StorageRight = (typeof storageRights)[number];

/** How the recorder makes itself known: keys of a Secret, the identity of its pod, a role it takes on, or nothing of its own. */
export const policyIdentities = ['keys', 'service-account', 'assume-role', 'keyless'] as const;
export type PolicyIdentity = (typeof policyIdentities)[number];

/** Whose policy is wanted, and for what. */
export interface PolicyRequest {
  readonly name: string;
  readonly namespace: string;
  readonly spec: ExternalStorageSpec;
  readonly rights: readonly StorageRight[];
  readonly identity: PolicyIdentity;
}

export interface StoragePolicy {
  /** Commands with comments, for a shell; words in capitals are to be replaced. */
  readonly text: string;
  /** The policy alone, where the provider takes a document. */
  readonly document?: object;
  /** What to know about it, for people. */
  readonly notes: readonly string[];
}

/** Pieces of a text with an empty line between; absent ones vanish. */
export function paragraphs(...pieces: readonly (string | undefined | false)[]): string {
  return pieces.filter((piece) => typeof piece === 'string' && piece !== '').join('\n\n');
}

/** A word of a shell's command line, whatever it holds. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A name within a comment, which must not end the comment's line. */
export function inComment(text: string): string {
  return text.replace(/\s/g, ' ');
}

/** Writes a document into a file of the reader's. */
export function fileWith(file: string, document: object | string): string {
  const text = typeof document === 'string' ? document : JSON.stringify(document, undefined, 2);
  return `cat > ${quoted(file)} <<'EOF'\n${text}\nEOF`;
}

/** `name` is an identity that the provider has no word for. */
export function refuseIdentity({ identity, spec }: PolicyRequest, known: readonly PolicyIdentity[]): void {
  if (known.includes(identity)) return;
  throw new TapedeckError(
    'NotSupported',
    `--identity ${identity}: ${spec.provider} has no such thing; known here: ${known.join(', ')}`,
  );
}
