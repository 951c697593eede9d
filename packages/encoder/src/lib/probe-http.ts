import { TapedeckError } from '@tapedeck/core/error';
import type { InputAddress } from './input-url.ts';

/** What an http address answers with before any media is read. */
export interface HttpAnswer {
  readonly isPlaylist: boolean;
  /** A playlist that says it will not grow, or a body of a stated length. */
  readonly finite: boolean;
}

/** A playlist's end is needed to know whether it is finite; one of a day in 2 s segments has some 4 MiB. */
const mostOfPlaylist = 8 * 1024 * 1024;

/**
 * Asks an http address for its first bytes: status and headers say more than ffmpeg's words do. Resolves with
 * undefined where the server speaks something that only ffmpeg understands. Rejects with the source's codes.
 */
export async function askHttp(address: InputAddress, signal: AbortSignal): Promise<HttpAnswer | undefined> {
  const { url, headers } = withoutUserinfo(address.url);
  const own = new AbortController();
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.any([signal, own.signal]) });
    rejectStatus(response.status, address.name);
    return await readAnswer(response, address.name);
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

async function readAnswer(response: Response, name: string): Promise<HttpAnswer> {
  const type = response.headers.get('content-type') ?? '';
  const stated = response.headers.has('content-length');
  const reader = response.body?.getReader();
  let text = '';
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    text += Buffer.from(value).toString('latin1');
    if (!text.startsWith('#EXTM3U') || text.length > mostOfPlaylist) break;
  }
  if (text === '') {
    throw new TapedeckError('SourceEmpty', `${name} answers with nothing at all; check that it is live.`);
  }
  if (
    /^\s*<(?:!doctype html|html)/i.test(text) ||
    (/^text\/html/i.test(type) && !text.startsWith('#EXTM3U'))
  ) {
    throw new TapedeckError(
      'SourceNotMedia',
      `${name} answers with a web page, not with media; check the address.`,
    );
  }
  const isPlaylist = text.startsWith('#EXTM3U');
  // A master playlist says nothing of its end: it counts as live, which only means that its end is a loss.
  return { isPlaylist, finite: isPlaylist ? text.includes('#EXT-X-ENDLIST') : stated };
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
