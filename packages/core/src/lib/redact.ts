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
  const whole = slash < 0 ? '' : bare.slice(slash);
  const path = /^rtmps?$/i.test(scheme) ? whole.replace(/^(\/[^/]+\/).+$/, '$1…') : whole;
  return `${scheme}://${authority.slice(authority.lastIndexOf('@') + 1)}${path}${end}`;
}

/**
 * The same text with user info, query and fragment taken from every URL in it, and the last segment of an rtmp
 * address, which is its stream key: what a message, an event or a log line may show.
 */
export function redact(text: string): string {
  return text.replace(urlInText, (_match, scheme: string, rest: string) => redactUrl(scheme, rest));
}
