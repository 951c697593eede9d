import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { TapedeckError } from '@tapedeck/core';
import { proxyOptions } from '../http-proxy.ts';

/** Parts, the head and what a person looks up meanwhile; more are never open at once. */
const MAX_SOCKETS = 16;
/** The longest answer is a page of a thousand parts, some 200 bytes each. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Path and query go out exactly as they are here. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as it lies in memory, with its length said before. */
  readonly body?: readonly Uint8Array[];
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface HttpClient {
  /** Resolves with whatever is answered, its body unread; rejects when nothing is. One attempt. */
  open(request: HttpRequest): Promise<IncomingMessage>;
  /** The same with the body, which is small. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  close(): void;
}

export function createHttpClient(): HttpClient {
  const options = { keepAlive: true, maxSockets: MAX_SOCKETS, ...proxyOptions() };
  const plain = new HttpAgent(options);
  const secure = new HttpsAgent(options);
  const open: HttpClient['open'] = ({ method, url, headers, body = [], signal }) => {
    const { protocol, hostname, port, origin } = new URL(url);
    const size = body.reduce((sum, { length }) => sum + length, 0);
    const isSecure = protocol === 'https:';
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = (isSecure ? httpsRequest : httpRequest)({
      agent: isSecure ? secure : plain,
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port,
      method,
      // As it was written: the URL class would take dots in a key for steps in a path.
      path: url.slice(origin.length),
      headers: { ...headers, ...(method !== 'GET' && { 'content-length': size }) },
      ...(signal && { signal }),
    });
    outgoing.on('error', reject);
    outgoing.on('response', resolve);
    if (size === 0) outgoing.end();
    else Readable.from(body, { objectMode: false }).pipe(outgoing);
    return promise;
  };
  return {
    open,
    async send(request) {
      const answer = await open(request);
      return { status: answer.statusCode ?? 0, headers: answer.headers, text: await readText(answer) };
    },
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

/** The body of an answer that is small, or `Unknown`. */
export async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > MAX_ANSWER_BYTES)
      throw new TapedeckError('Unknown', 'The server answers more than is sense.');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
