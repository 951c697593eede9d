import type { IncomingMessage } from 'node:http';
import type { CallOptions } from '../../driver.ts';
import { createGcsAuth, type GcsAuth } from './gcs-auth.ts';
import type { GcsConfig, GcsIdentity } from './gcs-config.ts';
import { type GcsCall, refusalOf, translateGcsError } from './gcs-errors.ts';
import { createHttpClient, type HttpAnswer, type HttpRequest, readText } from './gcs-http.ts';

export interface GcsRequest extends GcsCall {
  readonly method: HttpRequest['method'];
  /** Path and query behind the endpoint, encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: readonly Uint8Array[];
  /** Statuses of 300 and more that are no failure here. */
  accepts?(status: number): boolean;
}

/** Requests to one bucket, with an access token, one attempt each; what is no success rejects, translated. */
export interface GcsClient {
  readonly auth: GcsAuth;
  send(request: GcsRequest, options?: CallOptions): Promise<HttpAnswer>;
  /** For a body that is read by somebody else. */
  open(request: GcsRequest, options?: CallOptions): Promise<IncomingMessage>;
  url(key: string): string;
  close(): void;
}

export function createGcsClient(
  { endpoint, bucket }: Pick<GcsConfig, 'endpoint' | 'bucket'>,
  identity: Exclude<GcsIdentity, { type: 'Hmac' }>,
): GcsClient {
  const auth = createGcsAuth(identity);
  const http = createHttpClient();
  const authorize = async (call: GcsCall, signal: AbortSignal | undefined) => {
    try {
      return await auth.headers(endpoint, signal);
    } catch (error) {
      const operation = `Getting an access token for "${call.operation}"`;
      throw translateGcsError({ ...call, operation }, error, signal);
    }
  };
  const prepare = async (request: GcsRequest, signal: AbortSignal | undefined): Promise<HttpRequest> => {
    const { method, path, body, headers } = request;
    const authorization = await authorize(request, signal);
    return {
      method,
      url: `${endpoint}${path}`,
      headers: { ...headers, ...authorization },
      signal,
      ...(body && { body }),
    };
  };
  const translated = async <T>(call: GcsCall, signal: AbortSignal | undefined, work: () => Promise<T>) => {
    try {
      return await work();
    } catch (error) {
      throw translateGcsError(call, error, signal);
    }
  };
  return {
    auth,
    send: (request, { signal } = {}) =>
      translated(request, signal, async () => {
        const answer = await http.send(await prepare(request, signal));
        const { status } = answer;
        if (status >= 300 && request.accepts?.(status) !== true) throw refusalOf(status, answer.text);
        return answer;
      }),
    open: (request, { signal } = {}) =>
      translated(request, signal, async () => {
        const answer = await http.open(await prepare(request, signal));
        const { statusCode = 0 } = answer;
        if (statusCode >= 300) throw refusalOf(statusCode, await readText(answer));
        return answer;
      }),
    url: (key) => `gs://${bucket}/${key}`,
    close: () => http.close(),
  };
}
