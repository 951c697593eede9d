import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the server saw it; the body is dropped. */
export interface RecordedRequest {
  /** The S3 call: CreateMultipartUpload, UploadPart, CompleteMultipartUpload, PutObject … */
  readonly call: string;
  readonly headers: IncomingHttpHeaders;
}

export interface RecordingS3 {
  readonly endpoint: string;
  readonly requests: readonly RecordedRequest[];
  close(): Promise<void>;
}

const ETAG = '"00000000000000000000000000000000"';

/**
 * A server that says yes to every S3 call and keeps nothing but how it was asked: for fields of a request that the S3
 * server of these tests does not know.
 */
export async function startRecordingS3(): Promise<RecordingS3> {
  const requests: RecordedRequest[] = [];
  const server = createServer((incoming, answer) => {
    const { searchParams } = new URL(incoming.url ?? '/', 'http://server');
    const call = nameOf(incoming.method ?? '', searchParams);
    requests.push({ call, headers: incoming.headers });
    incoming.resume();
    incoming.on('end', () => {
      answer.writeHead(200, { 'content-type': 'application/xml', etag: ETAG });
      answer.end(bodyOf(call));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function nameOf(method: string, query: URLSearchParams): string {
  if (method === 'POST') return query.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload';
  if (method === 'PUT') return query.has('partNumber') ? 'UploadPart' : 'PutObject';
  if (method === 'DELETE') return query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject';
  return method === 'HEAD' ? 'HeadObject' : 'GetObject';
}

function bodyOf(call: string): string {
  if (call === 'CreateMultipartUpload')
    return '<InitiateMultipartUploadResult><UploadId>upload</UploadId></InitiateMultipartUploadResult>';
  if (call === 'CompleteMultipartUpload')
    return `<CompleteMultipartUploadResult><ETag>${ETAG}</ETag></CompleteMultipartUploadResult>`;
  return '';
}
