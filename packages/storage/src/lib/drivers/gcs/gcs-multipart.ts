import { TapedeckError } from '@tapedeck/core';
import type { Driver, StoredPart } from '../../driver.ts';
import { md5Of } from '../../md5.ts';
import type { GcsClient, GcsRequest } from './gcs-client.ts';
import { refusalOf, translateGcsError } from './gcs-errors.ts';
import { parseReceipt, parseToken, predictReceipt } from './gcs-receipt.ts';
import { escapeXml, xmlElements, xmlText } from './gcs-xml.ts';

/** Starting, putting and completing; what else completing may ask for is the right to replace. */
const WRITE = 'storage.multipartUploads.create and storage.objects.create';
const encoder = new TextEncoder();

/**
 * Uploads by the XML API's multipart calls (https://cloud.google.com/storage/docs/multipart-uploads). It knows no
 * preconditions: that no object is replaced is the names' business, or that of rights to create only.
 */
export function createMultipartUploads(
  client: GcsClient,
  bucket: string,
): Pick<Driver, 'begin' | 'putPart' | 'predictReceipt' | 'complete' | 'listParts' | 'abort'> {
  const request = (
    key: string,
    query: string,
    rest: Pick<GcsRequest, 'operation' | 'permission' | 'method'> & Partial<GcsRequest>,
  ): GcsRequest => ({
    target: client.url(key),
    path: `/${bucket}/${key.split('/').map(encodePart).join('/')}?${query}`,
    ...rest,
  });

  return {
    async begin({ key, contentType, metadata }, options) {
      const call = request(key, 'uploads', {
        operation: 'Initiate multipart upload',
        permission: WRITE,
        needsOnlyBucket: true,
        method: 'POST',
        headers: { 'content-type': contentType, ...metadataHeaders(metadata) },
      });
      const { text } = await client.send(call, options);
      const uploadId = xmlText(text, 'UploadId');
      if (uploadId === undefined) throw noAnswer(call, 'UploadId');
      return { key, uploadId };
    },

    async putPart(token, { number, bytes }, options) {
      const { key, uploadId } = parseToken(token);
      const call = request(key, `partNumber=${number}&uploadId=${encodePart(uploadId)}`, {
        operation: 'Upload part',
        permission: WRITE,
        method: 'PUT',
        headers: { 'content-md5': md5Of(bytes).toString('base64') },
        body: bytes,
      });
      const { etag } = (await client.send(call, options)).headers;
      if (etag === undefined) throw noAnswer(call, 'ETag');
      return { etag };
    },

    predictReceipt: ({ bytes }) => predictReceipt(bytes),

    async complete(token, parts, options) {
      const { key, uploadId } = parseToken(token);
      const list = parts.map(({ number, receipt }) => {
        const etag = escapeXml(parseReceipt(receipt).etag);
        return `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`;
      });
      const call = request(key, `uploadId=${encodePart(uploadId)}`, {
        operation: 'Complete multipart upload',
        permission: WRITE,
        needsOnlyBucket: true,
        method: 'POST',
        headers: { 'content-type': 'application/xml' },
        body: [encoder.encode(`<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`)],
      });
      const { text, status } = await client.send(call, options);
      // Putting parts together takes minutes at times: an answer that had to begin before may end in an error.
      if (xmlElements(text, 'CompleteMultipartUploadResult').length === 0) {
        throw translateGcsError(call, refusalOf(status, text));
      }
      const etag = xmlText(text, 'ETag');
      const size = parts.reduce((sum, part) => sum + part.size, 0);
      return { key, size, ...(etag !== undefined && { etag }) };
    },

    async listParts(token, options) {
      const { key, uploadId } = parseToken(token);
      const found: StoredPart[] = [];
      for (let marker: string | undefined = '0'; marker !== undefined; ) {
        const call = request(key, `uploadId=${encodePart(uploadId)}&part-number-marker=${marker}`, {
          operation: 'List parts',
          permission: 'storage.multipartUploads.listParts',
          method: 'GET',
        });
        const { text }: { text: string } = await client.send(call, options);
        for (const part of xmlElements(text, 'Part')) found.push(readPart(call, part));
        marker = xmlText(text, 'IsTruncated') === 'true' ? xmlText(text, 'NextPartNumberMarker') : undefined;
      }
      return found;
    },

    async abort(token, options) {
      const { key, uploadId } = parseToken(token);
      const call = request(key, `uploadId=${encodePart(uploadId)}`, {
        operation: 'Abort multipart upload',
        permission: 'storage.multipartUploads.abort',
        method: 'DELETE',
      });
      try {
        await client.send(call, options);
      } catch (error) {
        if (!(error instanceof TapedeckError && error.code === 'UploadGone')) throw error;
      }
    },
  };
}

function readPart(call: GcsRequest, xml: string): StoredPart {
  const etag = xmlText(xml, 'ETag');
  if (etag === undefined) throw noAnswer(call, 'ETag');
  return {
    number: Number(xmlText(xml, 'PartNumber')),
    size: Number(xmlText(xml, 'Size')),
    receipt: { etag },
  };
}

function metadataHeaders(metadata: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`x-goog-meta-${name}`, value]));
}

/** Percent-encoded but for what RFC 3986 calls unreserved. */
function encodePart(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function noAnswer({ operation, target }: GcsRequest, what: string): TapedeckError {
  return new TapedeckError(
    'Unknown',
    `${operation} on ${target} answered without ${what}; is it Google Cloud Storage?`,
  );
}
