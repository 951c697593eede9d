import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** What goes wrong with a request. */
export type Fault =
  /** Accepted, read, never answered. */
  | { readonly type: 'Silence' }
  /** The connection is reset once so many bytes of the request's body were read; the server sees none of it. */
  | { readonly type: 'Reset'; readonly afterBytes: number }
  /** The server does what was asked, but the answer is replaced by a reset. */
  | { readonly type: 'LoseAnswer' }
  /** The server does what was asked, and the caller never hears of it. */
  | { readonly type: 'Unanswered' }
  /** Reset as above; the server gets the whole request that much later. */
  | { readonly type: 'Late'; readonly ms: number }
  | {
      readonly type: 'Status';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The server does what was asked; of its answer's body so many bytes arrive, then the connection breaks. */
  | { readonly type: 'Truncate'; readonly afterBytes: number }
  | { readonly type: 'Delay'; readonly ms: number };

export interface FaultRule {
  readonly fault: Fault;
  /** Default: all. */
  readonly matches?: (request: { readonly method: string; readonly path: string }) => boolean;
  /** Only each nth of those that match; default 1. */
  readonly every?: number;
  /** Ends after so many; default: never. */
  readonly times?: number;
}

export interface FaultProxy {
  readonly endpoint: string;
  readonly port: number;
  /** Method, and path with its query, of all requests so far. */
  readonly requests: readonly { readonly method: string; readonly path: string }[];
  /** How many of them something was done to. */
  readonly faults: number;
  /** How many were done by the server and are `Unanswered`. */
  readonly swallowed: number;
  /** The first rule that matches counts. */
  inject(...rules: readonly FaultRule[]): void;
  clear(): void;
  /** Connections are refused, and those that are open are reset. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

/** An HTTP proxy on loopback in front of `target` (http://host:port) that can break every promise HTTP makes. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const requests: { method: string; path: string }[] = [];
  const sockets = new Set<Socket>();
  let rules: { rule: FaultRule; seen: number; done: number }[] = [];

  let swallowed = 0;
  let faults = 0;

  const pick = (method: string, path: string): Fault | undefined => {
    for (const entry of rules) {
      const { matches, every = 1, times = Number.POSITIVE_INFINITY, fault } = entry.rule;
      if (entry.done >= times || matches?.({ method, path }) === false) continue;
      entry.seen++;
      if (entry.seen % every !== 0) continue;
      entry.done++;
      faults++;
      return fault;
    }
    return undefined;
  };

  const forward = (incoming: IncomingMessage, body: Buffer | IncomingMessage) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const { method, url, headers } = incoming;
    const outgoing = httpRequest({ host: hostname, port: targetPort, method, path: url, headers }, resolve);
    outgoing.on('error', reject);
    if (Buffer.isBuffer(body)) outgoing.end(body);
    else {
      body.on('error', (error) => outgoing.destroy(error));
      body.on('close', () => {
        if (!body.complete) outgoing.destroy();
      });
      body.pipe(outgoing);
    }
    return promise;
  };

  const handle = async (incoming: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const { method = '', url = '/', socket } = incoming;
    requests.push({ method, path: url });
    const fault = pick(method, url);
    switch (fault?.type) {
      case 'Silence':
        incoming.resume();
        return;
      case 'Reset': {
        let read = 0;
        if (fault.afterBytes === 0) socket.resetAndDestroy();
        incoming.on('data', (chunk: Buffer) => {
          read += chunk.length;
          if (read >= fault.afterBytes) socket.resetAndDestroy();
        });
        incoming.on('end', () => socket.resetAndDestroy());
        return;
      }
      case 'Late': {
        const body = await buffer(incoming);
        socket.resetAndDestroy();
        await sleep(fault.ms);
        (await forward(incoming, body)).resume();
        return;
      }
      case 'LoseAnswer': {
        const response = await forward(incoming, incoming);
        await buffer(response);
        socket.resetAndDestroy();
        return;
      }
      case 'Unanswered':
        await buffer(await forward(incoming, incoming));
        swallowed++;
        return;
      case 'Status':
        incoming.resume();
        answer
          .writeHead(fault.status, { 'content-type': 'application/xml', ...fault.headers })
          .end(fault.body ?? '');
        return;
      case 'Truncate': {
        const response = await forward(incoming, incoming);
        const body = await buffer(response);
        answer.writeHead(response.statusCode ?? 502, response.rawHeaders);
        // An answer to HEAD has no body, whatever its length says.
        if (body.length <= fault.afterBytes) answer.end(body);
        else answer.write(body.subarray(0, fault.afterBytes), () => socket.destroy());
        return;
      }
      case 'Delay':
        await sleep(fault.ms);
        break;
      case undefined:
        break;
    }
    const response = await forward(incoming, incoming);
    answer.writeHead(response.statusCode ?? 502, response.rawHeaders);
    response.pipe(answer);
  };

  const server = createServer((incoming, answer) => {
    handle(incoming, answer).catch(() => incoming.socket.resetAndDestroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  // Half a minute of silence is one of the faults, not a reason to hang up.
  server.requestTimeout = 0;
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve());
    });
  const goAway = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
  };

  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    requests,
    get faults() {
      return faults;
    },
    get swallowed() {
      return swallowed;
    },
    inject(...added) {
      rules = [...rules, ...added.map((rule) => ({ rule, seen: 0, done: 0 }))];
    },
    clear() {
      rules = [];
    },
    goAway,
    comeBack: () => listen(port),
    close: goAway,
  };
}

/** Rules' usual condition: the puts of parts, or of one part. */
export function isPutPart(partNumber?: number) {
  return ({ method, path }: { readonly method: string; readonly path: string }): boolean => {
    if (method !== 'PUT' || !path.includes('partNumber=')) return false;
    return partNumber === undefined || new RegExp(`[?&]partNumber=${partNumber}(&|$)`).test(path);
  };
}

/** Another condition: whoever asks what an open upload holds. */
export function isListParts({ method, path }: { readonly method: string; readonly path: string }): boolean {
  return method === 'GET' && path.includes('uploadId=');
}

/** Another: whoever reads, with these words in the address where some are given. */
export function isGet(words = '') {
  return ({ method, path }: { readonly method: string; readonly path: string }): boolean =>
    method === 'GET' && path.includes(words);
}

/** The body of an S3 error answer. */
export function s3Error(code: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
}
