import { nearestName } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';

/** An address after `--to`, taken apart. */
export interface DestinationUrl {
  readonly scheme: string;
  /** The bucket, container or host. */
  readonly host: string;
  readonly port: number | undefined;
  readonly username: string;
  /** Decoded, with its slashes. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Every value of a key that may be repeated. */
  all(key: string): readonly string[];
}

interface Shape {
  /** Keys of the query. */
  readonly known: readonly string[];
  readonly repeated?: readonly string[];
  /** What to set where somebody writes a password, or a user that has no place there, into the address. */
  readonly credentials: string;
  readonly user?: boolean;
}

/** Refuses what the scheme does not know, by name and without quoting what may be secret. */
export function parseDestinationUrl(text: string, shape: Shape): DestinationUrl {
  const scheme = /^[a-z0-9+.-]+/i.exec(text)?.[0].toLowerCase() ?? '';
  const at = `--to ${scheme}://…`;
  const url = URL.canParse(text) && text.slice(scheme.length).startsWith('://') ? new URL(text) : undefined;
  if (url === undefined) throw invalid(`${at}: it is no address; write ${scheme}://NAME/PLACE`);
  if (url.password !== '' || (url.username !== '' && shape.user !== true)) {
    throw invalid(`${at}: keys and passwords do not belong there; ${shape.credentials}`);
  }
  if (url.hash !== '') throw invalid(`${at}: write # in a name as %23`);
  if (url.hostname === '') throw invalid(`${at}: the name after ${scheme}:// is missing`);
  const pairs = parseQuery(url.search, at);
  for (const [index, [key]] of pairs.entries()) {
    if (!shape.known.includes(key)) throw invalid(`${at}: ${unknownKey(key, shape.known)}`);
    const before = pairs.slice(0, index).some(([earlier]) => earlier === key);
    if (before && shape.repeated?.includes(key) !== true) throw invalid(`${at}: ?${key}= is there twice`);
  }
  return {
    scheme,
    host: decoded(url.hostname, at),
    port: url.port === '' ? undefined : Number(url.port),
    username: decoded(url.username, at),
    path: decoded(url.pathname, at),
    query: Object.fromEntries(pairs),
    all: (wanted) => pairs.filter(([key]) => key === wanted).map(([, value]) => value),
  };
}

/** Unlike in a form, a plus is a plus: there are many in a host's key. */
function parseQuery(search: string, at: string): readonly (readonly [string, string])[] {
  return search
    .replace(/^\?/, '')
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [, key = pair, value = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? [];
      return [decoded(key, at), decoded(value, at)];
    });
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearestName(key, known);
  return `unknown ?${key.slice(0, 32)}=; ${near === undefined ? `known: ${known.join(', ')}` : `did you mean ${near}?`}`;
}

function decoded(text: string, at: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw invalid(`${at}: a % stands alone; write it as %25`, cause);
  }
}

export function invalid(message: string, cause?: unknown): TapedeckError {
  return new TapedeckError('InvalidManifest', message, { cause });
}
