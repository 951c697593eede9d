import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { escapeXml, Refusal, sendJson, sendJsonError, sendXml, sendXmlError } from './gcs-double-answer.ts';
import {
  createIdentities,
  type Identities,
  type Principal,
  requirePermission,
} from './gcs-double-identity.ts';
import { createMultipart } from './gcs-double-multipart.ts';
import { openObjects } from './gcs-double-objects.ts';
import { createSessions, type SessionOptions } from './gcs-double-resumable.ts';

export interface GcsDouble {
  readonly endpoint: string;
  readonly identities: Identities;
  /** Keys of the multipart uploads and the sessions that nobody has ended. */
  readonly openUploads: readonly string[];
  close(): Promise<void>;
}

export interface GcsDoubleOptions extends SessionOptions {
  /** fake-gcs-server. */
  readonly server: string;
  readonly bucket: string;
  readonly partsPerPage?: number;
  /** Answers as a service without the XML API's multipart calls does. */
  readonly withoutMultipart?: boolean;
}

interface Asked {
  readonly method: string;
  /** Decoded; empty for the bucket itself. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly principal: Principal;
  readonly body: Buffer;
}

/**
 * Not Google: a double in front of fake-gcs-server that adds what that one lacks (the XML API's multipart uploads,
 * resumable sessions that check what Google checks, access tokens, HMAC keys, signed links, permissions), as Google's
 * documentation has it: https://cloud.google.com/storage/docs/multipart-uploads, the pages of
 * https://cloud.google.com/storage/docs/xml-api/reference-methods on initiating, uploading a part, completing, listing
 * and aborting, https://cloud.google.com/storage/docs/xml-api/reference-status for the refusals,
 * https://cloud.google.com/storage/docs/access-control/iam-xml and iam-json for the rights that each call takes. What
 * those do not say (an empty part, the order of checks) is a guess here.
 */
export async function startGcsDouble(options: GcsDoubleOptions): Promise<GcsDouble> {
  const { server, bucket, partsPerPage = 1000, withoutMultipart = false } = options;
  const objects = openObjects(server, bucket);
  const multipart = createMultipart(bucket, objects, partsPerPage);
  const sessions = createSessions(objects, options);
  const sockets = new Set<Socket>();

  /** Replacing an object is deleting the old one. */
  const requireCreate = async ({ principal }: Asked, key: string) => {
    requirePermission(principal, 'storage.objects.create');
    if (await objects.exists(key)) requirePermission(principal, 'storage.objects.delete');
  };

  const xml = async (request: IncomingMessage, answer: ServerResponse, asked: Asked): Promise<void> => {
    const { method, key, query, principal, body } = asked;
    const allow = (...permissions: string[]) => {
      for (const permission of permissions) requirePermission(principal, permission);
    };
    const uploadId = query.get('uploadId');
    if (withoutMultipart && (query.has('uploads') || uploadId !== null)) {
      throw new Refusal(501, 'NotImplemented', 'Multipart uploads are not implemented.');
    }
    if (key === '' && method === 'GET') {
      allow('storage.objects.list');
      const found = await objects.list(query.get('prefix') ?? '');
      const contents = found.map(
        ({ name, size, etag }) =>
          `<Contents><Key>${escapeXml(name)}</Key><ETag>${escapeXml(`"${etag}"`)}</ETag><Size>${size}</Size></Contents>`,
      );
      const list = `<Name>${bucket}</Name><IsTruncated>false</IsTruncated>${contents.join('')}`;
      return sendXml(answer, 200, `<ListBucketResult>${list}</ListBucketResult>`);
    }
    if (method === 'POST' && query.has('uploads')) {
      allow('storage.multipartUploads.create', 'storage.objects.create');
      return sendXml(answer, 200, multipart.initiate(key, request.headers));
    }
    if (method === 'PUT' && uploadId !== null) {
      allow('storage.multipartUploads.create', 'storage.objects.create');
      return sendXml(answer, 200, '', multipart.putPart(key, query, request.headers, body));
    }
    if (method === 'POST' && uploadId !== null) {
      allow('storage.multipartUploads.create');
      await requireCreate(asked, key);
      return sendXml(answer, 200, await multipart.complete(key, uploadId, body.toString()));
    }
    if (method === 'GET' && uploadId !== null) {
      allow('storage.multipartUploads.listParts');
      return sendXml(answer, 200, multipart.list(key, query));
    }
    if (method === 'DELETE' && uploadId !== null) {
      allow('storage.multipartUploads.abort');
      multipart.abort(key, uploadId);
      return sendXml(answer, 204, '');
    }
    if (method === 'PUT') {
      await requireCreate(asked, key);
      const contentType = request.headers['content-type'] ?? 'application/octet-stream';
      await objects.write(key, contentType, {}, body);
      return sendXml(answer, 200, '', { etag: `"${createHash('md5').update(body).digest('hex')}"` });
    }
    if (method === 'GET' || method === 'HEAD') {
      allow('storage.objects.get');
      const found = await objects.read(key, request.headers.range);
      if (!found.ok) {
        await found.arrayBuffer();
        throw new Refusal(404, 'NoSuchKey', 'The specified key does not exist.');
      }
      return relay(found, answer, method);
    }
    if (method === 'DELETE') {
      allow('storage.objects.delete');
      if (!(await objects.delete(key)))
        throw new Refusal(404, 'NoSuchKey', 'The specified key does not exist.');
      return sendXml(answer, 204, '');
    }
    throw new Refusal(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.');
  };

  const forward = async (request: IncomingMessage, answer: ServerResponse, body: Buffer): Promise<void> => {
    const { method = 'GET', url = '' } = request;
    const { 'content-type': type, range } = request.headers;
    const headers = { ...(type !== undefined && { 'content-type': type }), ...(range && { range }) };
    const hasBody = method !== 'GET' && method !== 'HEAD' && body.length > 0;
    relay(
      await fetch(`${server}${url}`, { method, headers, ...(hasBody && { body: new Uint8Array(body) }) }),
      answer,
      method,
    );
  };

  const json = async (request: IncomingMessage, answer: ServerResponse, asked: Asked): Promise<void> => {
    const { method, key, query, principal, body } = asked;
    if (request.url?.startsWith('/upload/')) {
      if (query.get('uploadType') === 'resumable') return resumable(request, answer, asked);
      if (query.get('uploadType') !== 'multipart')
        throw new Refusal(400, 'InvalidArgument', 'Invalid uploadType.');
      const [, about = '{}'] = /\r\n\r\n(\{.*?\})\r\n--/s.exec(body.toString()) ?? [];
      await requireCreate(asked, String((JSON.parse(about) as { name?: string }).name));
      return forward(request, answer, body);
    }
    const permission = method === 'DELETE' ? 'delete' : key === '' ? 'list' : 'get';
    requirePermission(principal, `storage.objects.${permission}`);
    return forward(request, answer, body);
  };

  const resumable = async (request: IncomingMessage, answer: ServerResponse, asked: Asked): Promise<void> => {
    const { method, query, principal, body } = asked;
    const id = query.get('upload_id');
    if (id === null) {
      const about = JSON.parse(body.toString()) as { name: string };
      requirePermission(principal, 'storage.objects.create');
      const exists = await objects.exists(about.name);
      if (query.get('ifGenerationMatch') === '0' && exists) {
        const message = 'At least one of the pre-conditions you specified did not hold.';
        throw new Refusal(412, 'PreconditionFailed', message, 'conditionNotMet');
      }
      if (exists) requirePermission(principal, 'storage.objects.delete');
      const location = `http://${request.headers.host}/upload/storage/v1/b/${bucket}/o?uploadType=resumable&upload_id=${sessions.start(about)}`;
      answer.writeHead(200, { location }).end();
      return;
    }
    const range = String(request.headers['content-range'] ?? '');
    const said = method === 'DELETE' ? sessions.cancel(id) : await sessions.write(id, range, body);
    // Google's own clients in Go ask for it: 308 means something else to HTTP clients since RFC 7538.
    const without308 = said.status === 308 && request.headers['x-guploader-no-308'] === 'yes';
    answer.writeHead(without308 ? 200 : said.status, {
      'content-type': 'application/json',
      ...said.headers,
      ...(without308 && { 'x-http-status-code-override': '308' }),
    });
    answer.end(said.body === undefined ? '' : JSON.stringify(said.body));
  };

  const handle = async (request: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const { method = '', url = '' } = request;
    const body = await buffer(request);
    const [path = '', rawQuery = ''] = url.split('?');
    // Google's security token service and the metadata server of its machines give a token to all who ask.
    if (path === '/sts' || path.startsWith('/computeMetadata/')) {
      const given = { access_token: identities.issue('user'), expires_in: 3599, token_type: 'Bearer' };
      return sendJson(
        answer,
        200,
        { ...given, issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
        { 'metadata-flavor': 'Google' },
      );
    }
    if (path === '/token') return token(answer, new URLSearchParams(body.toString()));
    const isJson = /^\/(upload\/)?storage\/v1\//.test(path);
    const [, wanted = '', encodedKey = ''] =
      /^(?:\/(?:upload\/)?storage\/v1\/b)?\/([^/]+)(?:(?:\/o)?(?:\/(.*))?)$/s.exec(path) ?? [];
    try {
      const principal = identities.identify(request, body);
      if (wanted !== bucket) {
        throw new Refusal(404, 'NoSuchBucket', 'The specified bucket does not exist.', 'notFound');
      }
      const key = decodeURIComponent(encodedKey);
      const asked = { method, key, query: new URLSearchParams(rawQuery), principal, body };
      await (isJson ? json : xml)(request, answer, asked);
    } catch (error) {
      const refusal =
        error instanceof Refusal ? error : new Refusal(500, 'InternalError', String(error), 'backendError');
      (isJson ? sendJsonError : sendXmlError)(answer, refusal);
    }
  };

  const token = (answer: ServerResponse, form: URLSearchParams): void => {
    try {
      sendJson(answer, 200, { ...identities.exchange(form), token_type: 'Bearer' });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      sendJson(answer, error.status, { error: error.code, error_description: error.message });
    }
  };

  const listening = createServer((request, answer) => {
    handle(request, answer).catch(() => request.socket.destroy());
  });
  listening.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const identities = createIdentities(`${endpoint}/token`);
  return {
    endpoint,
    identities,
    get openUploads() {
      return [...multipart.open, ...sessions.open];
    },
    async close() {
      const closed = new Promise((resolve) => listening.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function relay(from: Response, answer: ServerResponse, method: string): void {
  const kept = ['content-type', 'content-length', 'content-range', 'etag'].flatMap((name) => {
    const value = from.headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  answer.writeHead(from.status, Object.fromEntries(kept));
  if (from.body === null || method === 'HEAD') {
    answer.end();
    return;
  }
  pipeline(from.body, answer).catch(() => answer.destroy());
}
