import { createHash } from 'node:crypto';

/** A storage that is made for one destination. */
export interface MadeStorage {
  readonly name: string;
  readonly spec: object;
  /** For its Secret, by the keys that the provider asks for; absent: the recorder takes what the machine offers. */
  readonly credentials?: Readonly<Record<string, string>>;
  /** What it was made of; nothing secret may stand in one. */
  readonly address?: string;
}

/** On a storage whose credentials came from the environment: the address that it was made of. */
export const addressAnnotation = 'tapedeck.dev/address';

/** What stands in place of each value where a manifest is only shown. */
export const placeholder = 'REPLACE_ME';

/** The same storage with nothing secret in it. */
export function withPlaceholders(made: MadeStorage): MadeStorage {
  const { credentials } = made;
  if (credentials === undefined) return made;
  const shown = Object.keys(credentials).map((key) => [
    key,
    key === 'username' ? (credentials[key] ?? placeholder) : placeholder,
  ]);
  return { ...made, credentials: Object.fromEntries(shown) };
}

/** The same place gets the same name, so that recording there again finds the storage. */
export function nameFor(word: string, place: string): string {
  const slug = word
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  return `${slug === '' ? 'to' : slug}-${createHash('sha256').update(place).digest('hex').slice(0, 6)}`;
}
