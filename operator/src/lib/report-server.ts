import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Log } from '@tapedeck/control';
import { type RunReply, type RunReport, redact, runReport, TapedeckError } from '@tapedeck/core';
import type { LaunchedPod } from './launched-object.ts';
import { runOf } from './launched-object.ts';
import { hasEnded } from './pod-problem.ts';
import type { ReportingPod } from './token-claims.ts';
import type { TokenProblem, TokenReviewer } from './token-review.ts';

/** A report of 1,024 files, one of them with a journal of 10,000 parts, stays well below. */
const maxBodyBytes = 16 * 1024 * 1024;
/** Recorders give up on a reply after 5 s. */
const requestTimeoutMs = 10_000;

/** Why a report was not taken. */
export type Refusal = TokenProblem | 'ForeignRun' | 'PodGone' | 'BadReport' | 'NotLeading' | 'Unavailable';

export interface ReportServerOptions {
  readonly tls: { readonly cert: string; readonly key: string };
  readonly port: number;
  readonly host?: string;
  readonly tokens: TokenReviewer;
  /** The pod of that name as it is now; undefined where it is not there. */
  readonly findPod: (pod: ReportingPod) => Promise<LaunchedPod | undefined>;
  readonly receiveReport: (report: RunReport) => Promise<RunReply>;
  /** With the pod that the token of a refused one names, proven or not. */
  readonly onReport?: (refusal: Refusal | undefined, named: ReportingPod | undefined) => void;
  readonly log: Log;
}

export interface ReportServer {
  readonly port: number;
  /** For a certificate that was renewed. */
  setTls(tls: ReportServerOptions['tls']): void;
  /** Idempotent. */
  close(): Promise<void>;
}

const sentences: Readonly<Record<Refusal, readonly [status: number, sentence: string]>> = {
  NoToken: [401, 'send the token of the pod that reports'],
  ForeignToken: [401, 'this token is for somebody else'],
  InvalidToken: [401, 'this token is forged, or of a pod that is gone'],
  ExpiredToken: [401, 'this token has expired'],
  UnboundToken: [401, 'this token is not bound to a pod'],
  ForeignRun: [403, 'this token is of the pod of another run'],
  PodGone: [403, 'the pod of this token is not there any more'],
  BadReport: [400, 'this is no report that keeps to the contract'],
  NotLeading: [503, 'another replica takes the reports'],
  Unavailable: [503, 'the report cannot be taken now; send it again'],
};

/** Takes runs' reports over HTTPS, each only from the live pod of its own run, and answers with the state that is wanted. */
export async function startReportServer(options: ReportServerOptions): Promise<ReportServer> {
  const server = createServer({ ...options.tls, minVersion: 'TLSv1.2' }, (request, response) => {
    void answer(request, response, options);
  });
  server.requestTimeout = requestTimeoutMs;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    setTls: (tls) => server.setSecureContext(tls),
    async close() {
      if (!server.listening) return;
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, options: ReportServerOptions) {
  let refusal: Refusal | undefined;
  let named: ReportingPod | undefined;
  try {
    const outcome = await take(request, options);
    if (!('refusal' in outcome)) {
      send(response, 200, outcome);
      return;
    }
    ({ refusal, named } = outcome);
  } catch (error) {
    const known = TapedeckError.from(error);
    refusal = 'Unavailable';
    options.log.warn('ReportNotTaken', { url: request.url ?? '', message: redact(known.message) });
  } finally {
    options.onReport?.(refusal, named);
  }
  const [status, message] = sentences[refusal];
  if (status !== 503) {
    options.log.warn('ReportRefused', {
      url: request.url ?? '',
      reason: refusal,
      from: request.socket.remoteAddress,
    });
  }
  send(response, status, { code: refusal, message });
}

interface Refused {
  readonly refusal: Refusal;
  readonly named?: ReportingPod | undefined;
}

async function take(request: IncomingMessage, options: ReportServerOptions): Promise<RunReply | Refused> {
  const run = /^\/runs\/([A-Za-z0-9._-]+)\/report$/.exec(request.url ?? '')?.[1];
  if (request.method !== 'POST' || run === undefined) return { refusal: 'BadReport' };
  const reviewed = await options.tokens.review(request.headers.authorization);
  if ('problem' in reviewed) return { refusal: reviewed.problem, named: reviewed.named };
  const refuse = (refusal: Refusal) => ({ refusal, named: reviewed });
  const pod = await options.findPod(reviewed);
  if (pod === undefined || pod.metadata.uid !== reviewed.uid || hasEnded(pod)) return refuse('PodGone');
  if (runOf(pod) !== run) return refuse('ForeignRun');
  const report = await readReport(request);
  if (report === undefined || report.id !== run) return refuse('BadReport');
  return await options.receiveReport(report);
}

async function readReport(request: IncomingMessage): Promise<RunReport | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  try {
    const parsed = runReport.safeParse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // Not JSON: the answer says so.
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  // What is left of a request that was refused early is not read.
  const close = status === 200 ? {} : { connection: 'close' };
  response.writeHead(status, { 'content-type': 'application/json', ...close }).end(JSON.stringify(body));
}
