import type { ServerResponse } from 'node:http';

/** What the double refuses, in the words of Google's reference. */
export class Refusal extends Error {
  readonly status: number;
  /** Of the XML API; the JSON API has a reason instead. */
  readonly code: string;
  readonly reason: string;

  constructor(status: number, code: string, message: string, reason = 'invalid') {
    super(message);
    this.status = status;
    this.code = code;
    this.reason = reason;
  }
}

export function sendXml(answer: ServerResponse, status: number, body: string, headers = {}): void {
  const text = body === '' ? '' : `<?xml version='1.0' encoding='UTF-8'?>${body}`;
  answer.writeHead(status, { 'content-type': 'application/xml; charset=UTF-8', ...headers }).end(text);
}

export function sendJson(answer: ServerResponse, status: number, body: unknown, headers = {}): void {
  answer.writeHead(status, { 'content-type': 'application/json; charset=UTF-8', ...headers });
  answer.end(JSON.stringify(body));
}

/** https://cloud.google.com/storage/docs/xml-api/reference-status */
export function sendXmlError(answer: ServerResponse, { status, code, message }: Refusal): void {
  const details = code === 'AccessDenied' ? `<Details>${escapeXml(message)}</Details>` : '';
  const said = code === 'AccessDenied' ? 'Access denied.' : escapeXml(message);
  sendXml(answer, status, `<Error><Code>${code}</Code><Message>${said}</Message>${details}</Error>`);
}

/** https://cloud.google.com/storage/docs/json_api/v1/status-codes */
export function sendJsonError(answer: ServerResponse, { status, reason, message }: Refusal): void {
  sendJson(answer, status, {
    error: { code: status, message, errors: [{ message, domain: 'global', reason }] },
  });
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
