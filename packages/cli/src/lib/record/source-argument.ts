import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TapedeckError } from '@tapedeck/core/error';

/** What `record` is given: the test card, or an address, which may hold a secret. */
export type SourceArgument =
  | { readonly type: 'TestCard' }
  | { readonly type: 'Page'; readonly url: string }
  | { readonly type: 'Stream'; readonly url: string; readonly secret: boolean };

const schemes = ['rtmp', 'rtmps', 'rtsp', 'rtsps', 'srt', 'http', 'https'];

/** Rejects with `InvalidSource` for what is neither `testcard`, an address of a known kind nor a file that is there. */
export async function parseSource(text: string, cwd: string = process.cwd()): Promise<SourceArgument> {
  if (text.toLowerCase() === 'testcard') return { type: 'TestCard' };
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === 'file') return { type: 'Stream', url: text, secret: false };
  if (scheme === undefined) return await parseFile(text, cwd);
  if (!schemes.includes(scheme)) {
    throw new TapedeckError(
      'InvalidSource',
      `${scheme}://… cannot be recorded; known: ${schemes.join(', ')}, a file, testcard`,
    );
  }
  return { type: 'Stream', url: text, secret: holdsSecret(text, scheme) };
}

/** What `record --page` is given. Rejects with `InvalidSource` what is no http or https address. */
export function parsePage(text: string): SourceArgument {
  if (/^https?:\/\/./i.test(text) && URL.canParse(text)) return { type: 'Page', url: text };
  throw new TapedeckError(
    'InvalidSource',
    '--page: a page has an address that begins with http:// or https://',
  );
}

/** Passwords stand before an @, tokens in queries, stream keys at the end of an rtmp address. */
function holdsSecret(text: string, scheme: string): boolean {
  return scheme.startsWith('rtmp') || /^[^/]*\/\/[^/]*@/.test(text) || text.includes('?');
}

async function parseFile(text: string, cwd: string): Promise<SourceArgument> {
  const path = resolve(cwd, text);
  try {
    await stat(path);
  } catch (cause) {
    throw new TapedeckError(
      'InvalidSource',
      `${text.slice(0, 200)}: there is no such file, and it is no address; write testcard, rtmp://…, https://… or a path`,
      { cause },
    );
  }
  return { type: 'Stream', url: pathToFileURL(path).href, secret: false };
}
