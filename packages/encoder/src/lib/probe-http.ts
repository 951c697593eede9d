import { TapedeckError } from '@tapedeck/core/error';
import { segmentLengths } from './hls-position.ts';
import type { InputAddress } from './input-url.ts';

/** What an http address answers with before any media is read. */
export interface HttpAnswer {
  readonly isPlaylist: boolean;
  /** A playlist that says it will not grow, or a body of a stated length. */
  readonly finite: boolean;
  /** Of a playlist. */
  readonly segmentSeconds?: readonly number[];
}

/** A playlist's end is needed to know whether it is finite; one of a day in 2 s segments has some 4 MiB. */
const mostOfPlaylist = 8 * 1024 * 1024;

/** Enough to tell a playlist and a web page from media. */
const leastOfStart = 256;

const playlistMark = '#EXTM3U';

/**
 * Asks an http address for its first bytes: status and headers say more than ffmpeg's words do. Resolves with
 * undefined where the server speaks something that only ffmpeg understands. Rejects with the source's codes.
 */
export async function askHttp(address: InputAddress, signal: AbortSignal): Promise<HttpAnswer | undefined> {
  const { url, headers } = withoutUserinfo(address.url);
  const own = new AbortController();
  const asking = AbortSignal.any([signal, own.signal]);
  try {
    const ask = async (target: URL): Promise<Response> => {
      // Credentials are for the host they were given for.
      const shown = target.origin === url.origin ? headers : {};
      const response = await fetch(target, { headers: shown, signal: asking });
      rejectStatus(response.status, address.name);
      return response;
    };
    const response = await ask(url);
    const text = await readStart(response);
    rejectUnfit(response, text, address.name);
    if (!text.startsWith(playlistMark))
      return { isPlaylist: false, finite: response.headers.has('content-length') };
    // A master playlist says nothing of its end, but its variants do.
    const variant = variantOf(text, URL.parse(response.url) ?? url);
    const playlist = variant === undefined ? text : await readStart(await ask(variant));
    return {
      isPlaylist: true,
      finite: playlist.includes('#EXT-X-ENDLIST'),
      segmentSeconds: segmentLengths(playlist),
    };
  } catch (error) {
    if (error instanceof TapedeckError || signal.aborted) throw error;
    const failure = networkFailure(error, address.name);
    if (failure === undefined) return undefined;
    throw failure;
  } finally {
    own.abort();
  }
}

/** fetch refuses userinfo in an address; as a header it means the same. */
function withoutUserinfo(address: string): { url: URL; headers: Record<string, string> } {
  const url = new URL(address);
  if (url.username === '' && url.password === '') return { url, headers: {} };
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  return { url, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
}

function rejectStatus(status: number, name: string): void {
  if (status < 400) return;
  if (status === 401 || status === 403 || status === 407) {
    throw new TapedeckError('SourceDenied', `${name} answers ${status}; check its credentials and rights.`);
  }
  if (status === 404 || status === 410) {
    throw new TapedeckError(
      'SourceNotFound',
      `${name} answers ${status}; check the address, or start the broadcast first.`,
    );
  }
  throw new TapedeckError('SourceUnreachable', `${name} answers ${status}; look at the source's own log.`);
}

/** A playlist whole, of anything else the first bytes; one character a byte. */
async function readStart(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  let text = '';
  while (reader !== undefined && text.length < mostOfPlaylist) {
    const { done, value } = await reader.read();
    if (done) break;
    text += Buffer.from(value).toString('latin1');
    if (text.length >= leastOfStart && !text.startsWith(playlistMark)) break;
  }
  return text;
}

function rejectUnfit(response: Response, text: string, name: string): void {
  if (text === '') {
    throw new TapedeckError('SourceEmpty', `${name} answers with nothing at all; check that it is live.`);
  }
  const type = response.headers.get('content-type') ?? '';
  const saysPage = /^text\/html/i.test(type) && !text.startsWith(playlistMark);
  if (saysPage || /^\s*<(?:!doctype html|html)/i.test(text)) {
    throw new TapedeckError(
      'SourceNotMedia',
      `${name} answers with a web page, not with media; check the address.`,
    );
  }
}

/** The first playlist that a master playlist names; undefined where it is none. */
function variantOf(playlist: string, base: URL): URL | undefined {
  const [, uri] = /^#EXT-X-STREAM-INF:.*\r?\n(?:\s*\r?\n|#.*\r?\n)*([^#\s].*)$/m.exec(playlist) ?? [];
  return uri === undefined ? undefined : (URL.parse(uri.trim(), base.href) ?? undefined);
}

const networkWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses the connection; check host and port, and that it is running.',
  ENOTFOUND: 'has a host name that does not resolve; check the address and the name server.',
  EAI_AGAIN: 'has a host name that does not resolve; check the address and the name server.',
  EHOSTUNREACH: 'cannot be reached over the network; check routes and firewalls.',
  ENETUNREACH: 'cannot be reached over the network; check routes and firewalls.',
  ETIMEDOUT: 'does not answer in time; check host, port and firewalls.',
  UND_ERR_CONNECT_TIMEOUT: 'does not answer in time; check host, port and firewalls.',
};

function networkFailure(error: unknown, name: string): TapedeckError | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET') {
    return new TapedeckError(
      'SourceEmpty',
      `${name} closes the connection without an answer; check that it is live.`,
    );
  }
  const says =
    networkWords[code] ??
    (/CERT|TLS|SSL/.test(code) ? `cannot be reached over TLS (${code}); check its certificate.` : undefined);
  return says === undefined
    ? undefined
    : new TapedeckError('SourceUnreachable', `${name} ${says}`, { cause: error });
}
