import { request as httpsRequest } from 'node:https';
import type { ApiServer } from './api-server.ts';

/** What the API server answered. */
export interface ApiAnswer {
  readonly status: number;
  /** A refusal's sentence; empty otherwise. */
  readonly message: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One call as the cluster's admin, with a JSON body. */
export function callApi(
  server: Pick<ApiServer, 'url' | 'ca' | 'token'>,
  method: string,
  path: string,
  body?: unknown,
  contentType = 'application/json',
): Promise<ApiAnswer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  // Without its length, Node sends the body of a DELETE as the beginning of a next request.
  const length = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const call = httpsRequest(
      new URL(path, server.url),
      {
        method,
        ca: server.ca,
        signal: AbortSignal.timeout(30_000),
        headers: { authorization: `Bearer ${server.token}`, 'content-type': contentType, ...length },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('error', reject);
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const answer = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
          const refused = answer.kind === 'Status' && answer.status === 'Failure';
          const message = refused ? String(answer.message) : '';
          resolve({ status: response.statusCode ?? 0, message, body: answer });
        });
      },
    );
    call.on('error', reject);
    call.end(text);
  });
}
