import { readFile } from 'node:fs/promises';
import { type RunReply, type RunReport, runReply, TapedeckError } from '@tapedeck/core';

// Not imported: an import of node:http reads everything that it exports, and one of these loads all of undici, 9 MB.
const { request: httpRequest } = process.getBuiltinModule('node:http');
const { request: httpsRequest } = process.getBuiltinModule('node:https');

/** Long enough for a control process that is busy, short enough that a stop is not lost for long. */
const replyTimeoutMs = 5_000;
/** A reply is some dozen bytes; more is not ours. */
const maxReplyBytes = 64 * 1024;

export type SendReport = (report: RunReport) => Promise<RunReply>;

/**
 * Posts reports to `http(s)://…` or `unix:/socket:/path`. The token file is read at every call, because
 * Kubernetes replaces projected tokens while the pod runs.
 */
export function createReportEndpoint(target: {
  url: string;
  tokenFile?: string | undefined;
  caFile?: string | undefined;
}): SendReport {
  const address = parseReportUrl(target.url);
  return async (report) => {
    const token = target.tokenFile === undefined ? undefined : await readFile(target.tokenFile, 'utf8');
    const ca = target.caFile === undefined ? undefined : await readFile(target.caFile, 'utf8');
    const body = JSON.stringify(report);
    const headers: Record<string, string | number> = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    if (token !== undefined) headers.authorization = `Bearer ${token.trim()}`;
    const text = await post(address, headers, body, ca);
    return runReply.parse(JSON.parse(text));
  };
}

type Address = { readonly url: URL } | { readonly socketPath: string; readonly path: string };

export function parseReportUrl(url: string): Address {
  const unix = /^unix:(?<socketPath>[^:]+):(?<path>\/.*)$/.exec(url)?.groups;
  if (unix?.socketPath !== undefined && unix.path !== undefined)
    return { socketPath: unix.socketPath, path: unix.path };
  if (/^https?:/.test(url)) return { url: new URL(url) };
  throw new TapedeckError('InvalidManifest', 'report.url: neither http(s)://… nor unix:/socket:/path');
}

function post(
  address: Address,
  headers: Record<string, string | number>,
  body: string,
  ca: string | undefined,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      headers,
      signal: AbortSignal.timeout(replyTimeoutMs),
      ...(ca === undefined ? {} : { ca }),
    };
    const request =
      'url' in address
        ? (address.url.protocol === 'https:' ? httpsRequest : httpRequest)(address.url, options)
        : httpRequest({ ...options, socketPath: address.socketPath, path: address.path });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxReplyBytes) response.destroy(new Error('the reply to a report is too long'));
        else chunks.push(chunk);
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'));
        else reject(new Error(`the report was answered with ${response.statusCode}`));
      });
    });
    request.end(body);
  });
}
