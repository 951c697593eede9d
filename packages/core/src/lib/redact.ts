/** A URL in running text, up to white space, a quote or a bracket that cannot be part of it. */
const urlInText = /\b([a-z][a-z0-9+.-]*):\/\/([^\s"'<>`|]+)/gi;

/** Punctuation that closes a sentence rather than a URL. */
const trailing = /[.,;:!?)\]}]+$/;

function redactUrl(scheme: string, rest: string): string {
  const end = trailing.exec(rest)?.[0] ?? '';
  const body = rest.slice(0, rest.length - end.length);
  const bare = body.replace(/[?#].*$/s, '');
  // Everything before the last @ of the authority is user info, whatever it holds; a query may hold one too.
  const slash = bare.indexOf('/');
  const authority = slash < 0 ? bare : bare.slice(0, slash);
  const path = slash < 0 ? '' : bare.slice(slash);
  return `${scheme}://${authority.slice(authority.lastIndexOf('@') + 1)}${path}${end}`;
}

/**
 * The same text with user info, query and fragment taken from every URL in it: what a message, an event or a log
 * line may show. Ingest addresses that carry a stream key in the path are shortened by `redactStreamKey`.
 */
export function redactUrls(text: string): string {
  return text.replace(urlInText, (_match, scheme: string, rest: string) => redactUrl(scheme, rest));
}

/** An rtmp address without its last path segment, which is the stream key where there are two or more. */
export function redactStreamKey(url: string): string {
  return redactUrls(url).replace(/^(rtmps?:\/\/[^/]+\/[^/]+)\/.+$/i, '$1/…');
}
