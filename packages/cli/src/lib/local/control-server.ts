import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  type CheckReport,
  type LinkReport,
  type LinkSpec,
  linkSpec,
  type RunReply,
  type RunReport,
  runReport,
  TapedeckError,
} from '@tapedeck/core';
import { z } from 'zod';
import type { SecretEntry } from './secret-cache.ts';

/** A report of 1,024 files, each with the journal of an open upload, stays well below. */
const maxBodyBytes = 32 * 1024 * 1024;
/** Recorders give up on a reply after 5 s. */
const requestTimeoutMs = 10_000;

const secretEntries = z.array(
  z.strictObject({ namespace: z.string(), name: z.string(), values: z.record(z.string(), z.string()) }),
);

const linkRequest = linkSpec.pick({ keys: true, expiresInSeconds: true });

export interface ControlServerHandlers {
  receiveReport(report: RunReport): Promise<RunReply>;
  putSecrets(entries: readonly SecretEntry[]): Promise<void>;
  /** The signal comes when nobody waits for the answer any more. */
  check(namespace: string, name: string, signal: AbortSignal): Promise<CheckReport>;
  /** Likewise. What it answers is for who asked alone. */
  link(
    namespace: string,
    name: string,
    wanted: Pick<LinkSpec, 'keys' | 'expiresInSeconds'>,
    signal: AbortSignal,
  ): Promise<LinkReport>;
}

export interface ControlServer {
  /** Idempotent; the socket is gone when it resolves. */
  close(): Promise<void>;
}

/**
 * Listens on the control socket, replacing what a dead control process left there; whoever calls this leads. The
 * socket's mode is its access control: whoever can open it is the user.
 */
export async function startControlServer(
  socket: string,
  handlers: ControlServerHandlers,
): Promise<ControlServer> {
  rmSync(socket, { force: true });
  const server = createServer((request, response) => {
    void answer(request, response, handlers);
  });
  server.requestTimeout = requestTimeoutMs;
  await listen(server, socket);
  return {
    async close() {
      if (!server.listening) return;
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function listen(server: Server, socket: string): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The socket is made within this call: nobody else can open it, not even for a moment.
    const umask = process.umask(0o177);
    server.listen(socket, () => {
      server.off('error', reject);
      resolve();
    });
    process.umask(umask);
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: ControlServerHandlers,
): Promise<void> {
  try {
    const { status, body } = await route(request, handlers);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  } catch (error) {
    const known = TapedeckError.from(error);
    const status = known.code === 'NotFound' ? 404 : known.code === 'InvalidManifest' ? 400 : 500;
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ code: known.code, message: known.message }));
  }
}

async function route(
  request: IncomingMessage,
  handlers: ControlServerHandlers,
): Promise<{ status: number; body: unknown }> {
  const { method = '', url = '' } = request;
  const runId = /^\/runs\/([^/]+)\/report$/.exec(url)?.[1];
  if (method === 'POST' && runId !== undefined) {
    const report = parseBody(runReport, await readBody(request));
    if (report.id !== decodeURIComponent(runId)) {
      throw new TapedeckError('InvalidManifest', 'the report is of another run than its address says');
    }
    return { status: 200, body: await handlers.receiveReport(report) };
  }
  if (method === 'PUT' && url === '/secrets') {
    await handlers.putSecrets(parseBody(secretEntries, await readBody(request)));
    return { status: 200, body: {} };
  }
  const [, namespace, name, wish] = /^\/storages\/([^/]+)\/([^/]+)\/(check|link)$/.exec(url) ?? [];
  if (method === 'POST' && namespace !== undefined && name !== undefined) {
    const left = new AbortController();
    request.socket.once('close', () => left.abort());
    const of = [decodeURIComponent(namespace), decodeURIComponent(name)] as const;
    const report =
      wish === 'check'
        ? await handlers.check(...of, left.signal)
        : await handlers.link(...of, parseBody(linkRequest, await readBody(request)), left.signal);
    return { status: 200, body: report };
  }
  if (method === 'GET' && url === '/healthz') return { status: 200, body: { pid: process.pid } };
  throw new TapedeckError('NotFound', `${method} ${url} is not served here`);
}

/** The message names where it is wrong, never what it holds. */
function parseBody<T>(schema: z.ZodType<T>, text: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TapedeckError('InvalidManifest', 'the body is not JSON', { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const path = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new TapedeckError(
    'InvalidManifest',
    `the body does not keep to the contract at ${path || 'its root'}`,
  );
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new TapedeckError('InvalidManifest', 'the body is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
