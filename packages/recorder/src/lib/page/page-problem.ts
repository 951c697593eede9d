import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { PageSpec, PageValues } from './page-tab.ts';

/** What the browser says about a connection or a message by itself, and lets nobody else say. */
const ownHeaders = new Set([
  ...['connection', 'content-length', 'cookie2', 'host', 'keep-alive', 'te', 'trailer', 'transfer-encoding'],
  'upgrade',
]);

/** Of a cookie's name and value together, in bytes (RFC 6265bis). */
const longestCookie = 4_096;

/** What of a page's surroundings no browser takes, in a sentence with names and no values; undefined where it takes all. */
export function pageProblem(
  { url, timeZone }: Pick<PageSpec, 'url' | 'timeZone'>,
  { headers, cookies }: Pick<PageValues, 'headers' | 'cookies'>,
): string | undefined {
  if (timeZone !== undefined && !isTimeZone(timeZone))
    return `There is no time zone "${timeZone}"; write one like Europe/Berlin.`;
  for (const [name, value] of Object.entries(headers)) {
    const problem = headerProblem(name, value);
    if (problem !== undefined) return `The header ${JSON.stringify(name)} of the page ${problem}.`;
  }
  for (const [name, value] of Object.entries(cookies)) {
    const problem = cookieProblem(name, value, url);
    if (problem !== undefined) return `The cookie ${JSON.stringify(name)} of the page ${problem}.`;
  }
  return undefined;
}

function headerProblem(name: string, value: string): string | undefined {
  if (!passes(() => validateHeaderName(name))) return 'has a name that HTTP does not allow';
  if (ownHeaders.has(name.toLowerCase()) || /^proxy-/i.test(name))
    return 'is one that only the browser itself may send';
  if (!passes(() => validateHeaderValue(name, value)))
    return 'has a value with line breaks or other characters that HTTP does not allow';
  return undefined;
}

function cookieProblem(name: string, value: string, url: string): string | undefined {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return 'has a name that HTTP does not allow';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\x00-\x1f\x7f;]/.test(value)) return 'has a value with a semicolon or a line break';
  if (Buffer.byteLength(name + value) > longestCookie) return `is longer than ${longestCookie} bytes`;
  if (/^__(secure|host)-/i.test(name) && !url.startsWith('https:')) return 'needs a page over https';
  return undefined;
}

function isTimeZone(name: string): boolean {
  return passes(() => new Intl.DateTimeFormat('en', { timeZone: name }));
}

function passes(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
