import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';

/** The digest of a part that goes out as a stream, on its way from the driver to the signature. */
const digests = new WeakMap<Readable, string>();

/**
 * A body that is sent without being copied into one piece first. Its SHA-256 is signed, so the service refuses
 * bytes that changed on the way.
 */
export function streamBody(chunks: readonly Uint8Array[], signed: boolean): Readable {
  const stream = Readable.from(chunks, { objectMode: false });
  if (signed) {
    const hash = createHash('sha256');
    for (const chunk of chunks) hash.update(chunk);
    digests.set(stream, hash.digest('hex'));
  }
  return stream;
}

/** Gives the signer the digest it would otherwise leave out for streams. */
export function signStreams(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      void context;
      const { request } = args;
      if (isRequest(request) && request.body instanceof Readable) {
        const digest = digests.get(request.body);
        if (digest !== undefined) request.headers['x-amz-content-sha256'] = digest;
      }
      return next(args);
    },
    { step: 'build', name: 'signStreams', priority: 'low' },
  );
}

function isRequest(value: unknown): value is { body: unknown; headers: Record<string, string> } {
  return typeof value === 'object' && value !== null && 'headers' in value && 'body' in value;
}
