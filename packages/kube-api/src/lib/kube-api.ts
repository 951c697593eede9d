import type { IncomingMessage, RequestOptions } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { ApiError } from './api-error.ts';
import { type KubeconfigChoice, loadKubeconfig } from './kubeconfig.ts';
import { apiStatus, type ListEnd, listEnd, type WatchEvent, watchEvent } from './kubernetes-object.ts';
import { createListSplitter } from './list-splitter.ts';

/** A server that accepts and says nothing would hold a call for five minutes otherwise. */
const callTimeoutMs = 10_000;
/** A busy server that reads 10,000 objects before it says the first word. */
const silentListMs = 30_000;
/** A watch is asked to end after 90 s (`reflector.ts`): one that is still open and says nothing for longer is dead. */
const silentWatchMs = 150_000;

export interface ApiCall {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query: `/api/v1/pods?limit=500`. */
  readonly path: string;
  readonly body?: unknown;
  /** JSON unless something else is said. */
  readonly contentType?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** The API server, as JSON in and JSON out: typed models would drop what they do not know. */
export interface KubeApi {
  /** Rejects with `ApiError`, also where nothing answered in time. */
  call(call: ApiCall): Promise<unknown>;
  /** Server-side apply of our own fields, taking them over from whoever held them. */
  apply(path: string, manager: string, body: unknown): Promise<unknown>;
  /** Each object of a list as it comes, and what the list says of itself. Rejects with `ApiError` where it breaks off. */
  list(path: string, onItem: (item: unknown) => void, signal: AbortSignal): Promise<ListEnd>;
  /** Each line of a watch until the server ends it. Rejects with `ApiError` where it breaks off. */
  watch(path: string, onEvent: (event: WatchEvent) => void, signal: AbortSignal): Promise<void>;
}

/**
 * Reached as a kubeconfig says, given by its text or chosen; without one as kubectl would be, and inside of a cluster
 * with the pod's ServiceAccount. Throws `ApiError` (NoCluster) where that names no cluster.
 */
export function openKubeApi(kubeconfig: string | KubeconfigChoice = {}): KubeApi {
  const config = loadKubeconfig(kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new ApiError(
      0,
      'NoCluster',
      'the kubeconfig names no cluster: it has no current context, or that context has none',
    );
  const base = cluster.server.replace(/\/$/, '');
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  // A watch holds its connection: so many of them must not keep calls waiting for one.
  const watchAgent = new Agent({ keepAlive: true });

  async function open(call: ApiCall, signal: AbortSignal, by = agent): Promise<IncomingMessage> {
    const options: RequestOptions = { method: call.method ?? 'GET', headers: { accept: 'application/json' } };
    // It may run a program that gives out tokens.
    await within(signal, config.applyToHTTPSOptions(options));
    // Its own agent closes the connection after each call.
    if (cluster?.proxyUrl === undefined) options.agent = by;
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    options.headers = {
      ...(options.headers as Record<string, string>),
      ...(body === undefined
        ? {}
        : {
            'content-type': call.contentType ?? 'application/json',
            'content-length': String(Buffer.byteLength(body)),
          }),
    };
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpsRequest(`${base}${call.path}`, { ...options, signal }, resolve);
      request.on('error', reject);
      request.on('socket', (socket) => socket.setKeepAlive(true, 15_000));
      request.end(body);
    });
    // One that still waits for a connection of its agent says nothing of its end until it has got one.
    return await within(signal, answer);
  }

  async function answered(call: ApiCall, signal: AbortSignal): Promise<unknown> {
    const response = await open(call, signal);
    const text = (await bytesOf(response)).toString('utf8');
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return text === '' ? undefined : JSON.parse(text);
    throw refusal(status, text);
  }

  async function call(one: ApiCall): Promise<unknown> {
    const limit = AbortSignal.timeout(one.timeoutMs ?? callTimeoutMs);
    const signal = one.signal === undefined ? limit : AbortSignal.any([limit, one.signal]);
    try {
      return await answered(one, signal);
    } catch (error) {
      throw broken(error, `${one.method ?? 'GET'} ${one.path.split('?')[0]}`);
    }
  }

  /** An answer that is read while it comes, and given up where nothing more of it does. Rejects with `ApiError`. */
  async function follow<T>(
    how: {
      /** As a message says it: `GET`. */
      readonly verb: string;
      readonly path: string;
      readonly silentMs: number;
      readonly by: Agent;
      readonly signal: AbortSignal;
    },
    read: (response: IncomingMessage, heard: () => void) => Promise<T>,
  ): Promise<T> {
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), how.silentMs);
    let response: IncomingMessage | undefined;
    try {
      response = await open({ path: how.path }, AbortSignal.any([how.signal, silence.signal]), how.by);
      const status = response.statusCode ?? 0;
      if (status !== 200) throw refusal(status, (await bytesOf(response)).toString('utf8'));
      return await read(response, () => void timer.refresh());
    } catch (error) {
      const what = `${how.verb} ${how.path.split('?')[0]}`;
      if (!silence.signal.aborted) throw broken(error, what);
      const message = `${what}: nothing came for ${how.silentMs / 1000} s`;
      throw new ApiError(0, 'Timeout', message, { cause: error });
    } finally {
      clearTimeout(timer);
      response?.destroy();
    }
  }

  return {
    call,
    apply: (path, manager, body) =>
      call({
        method: 'PATCH',
        path: `${path}?fieldManager=${manager}&force=true`,
        body,
        contentType: 'application/apply-patch+yaml',
      }),
    list: (path, onItem, signal) =>
      follow({ verb: 'GET', path, silentMs: silentListMs, by: agent, signal }, async (response, heard) => {
        const splitter = createListSplitter(onItem);
        for await (const chunk of response as AsyncIterable<Buffer>) {
          heard();
          splitter.push(chunk);
        }
        return listEnd.parse(splitter.end()).metadata;
      }),
    watch: (path, onEvent, signal) =>
      follow({ verb: 'watch', path, silentMs: silentWatchMs, by: watchAgent, signal }, (response, heard) =>
        readLines(response, (line) => {
          heard();
          onEvent(watchEvent.parse(JSON.parse(line)));
        }),
      ),
  };
}

async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What a promise comes to, unless the signal aborts before: then rejects with its reason. */
async function within<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Lines up to the end of the answer; a connection that breaks is a rejection, which readline alone would hide. */
async function readLines(response: IncomingMessage, onLine: (line: string) => void): Promise<void> {
  let rest = '';
  response.setEncoding('utf8');
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  }
}

function refusal(status: number, text: string): ApiError {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = {}; // A proxy's page, or nothing: the status says what there is to say.
  }
  const known = apiStatus.safeParse(parsed);
  const { reason, message } = known.success ? known.data : { reason: 'Unknown', message: '' };
  return new ApiError(status, reason, message === '' ? `the API server answered ${status}` : message);
}

function broken(error: unknown, what: string): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError(0, 'Unreachable', `${what}: ${message}`, { cause: error });
}
