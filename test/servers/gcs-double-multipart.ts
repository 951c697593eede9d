import { createHash, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { escapeXml, Refusal } from './gcs-double-answer.ts';
import type { Objects } from './gcs-double-objects.ts';

const MIN_PART_BYTES = 5 * 1024 * 1024;
const MAX_PART_BYTES = 5 * 1024 * 1024 * 1024;
const MAX_PARTS = 10_000;

interface StoredPart {
  readonly etag: string;
  readonly content: Buffer;
  readonly modified: Date;
}

interface OpenUpload {
  readonly key: string;
  readonly contentType: string;
  readonly metadata: Record<string, string>;
  readonly parts: Map<number, StoredPart>;
}

/** The XML API's multipart uploads to one bucket. Bodies are those of its answers. */
export interface Multipart {
  initiate(key: string, headers: IncomingHttpHeaders): string;
  /** Returns the headers of the answer. */
  putPart(
    key: string,
    query: URLSearchParams,
    headers: IncomingHttpHeaders,
    body: Buffer,
  ): Record<string, string>;
  complete(key: string, uploadId: string, body: string): Promise<string>;
  list(key: string, query: URLSearchParams): string;
  abort(key: string, uploadId: string): void;
  /** Keys of those that are open. */
  readonly open: readonly string[];
}

/** `pageSize` in place of the thousand parts that a page of the list has. */
export function createMultipart(bucket: string, objects: Objects, pageSize: number): Multipart {
  const uploads = new Map<string, OpenUpload>();
  const find = (key: string, uploadId: string): OpenUpload => {
    const upload = uploads.get(uploadId);
    if (upload?.key === key) return upload;
    throw new Refusal(404, 'NoSuchUpload', 'The requested upload was not found.');
  };
  const about = (key: string) => `<Bucket>${bucket}</Bucket><Key>${escapeXml(key)}</Key>`;

  return {
    initiate(key, headers) {
      const uploadId = randomBytes(48).toString('base64url');
      const metadata = Object.entries(headers).flatMap(([name, value]) =>
        name.startsWith('x-goog-meta-') ? [[name.slice('x-goog-meta-'.length), String(value)]] : [],
      );
      uploads.set(uploadId, {
        key,
        contentType: headers['content-type'] ?? 'application/octet-stream',
        metadata: Object.fromEntries(metadata),
        parts: new Map(),
      });
      return `<InitiateMultipartUploadResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>${about(key)}<UploadId>${uploadId}</UploadId></InitiateMultipartUploadResult>`;
    },

    putPart(key, query, headers, content) {
      const number = Number(query.get('partNumber'));
      if (!Number.isInteger(number) || number < 1 || number > MAX_PARTS) {
        throw new Refusal(400, 'InvalidArgument', 'Part number must be an integer between 1 and 10000.');
      }
      const { parts } = find(key, query.get('uploadId') ?? '');
      if (content.length > MAX_PART_BYTES) throw new Refusal(400, 'EntityTooLarge', 'The part is too large.');
      const md5 = createHash('md5').update(content).digest();
      checkDigest(headers, md5);
      const etag = `"${md5.toString('hex')}"`;
      parts.set(number, { etag, content, modified: new Date() });
      return { etag, 'x-goog-hash': `md5=${md5.toString('base64')}` };
    },

    async complete(key, uploadId, body) {
      const upload = find(key, uploadId);
      const asked = [...body.matchAll(/<Part>([\s\S]*?)<\/Part>/g)].map(([, part = '']) => ({
        number: Number(/<PartNumber>(\d+)<\/PartNumber>/.exec(part)?.[1]),
        etag: (/<ETag>(.*?)<\/ETag>/.exec(part)?.[1] ?? '').replaceAll(/&quot;|&#34;/g, '"'),
      }));
      if (asked.length === 0) throw new Refusal(400, 'MalformedCompleteMultipartUploadRequest', 'No parts.');
      const content = asked.map(({ number, etag }, index) => {
        if (number <= (asked[index - 1]?.number ?? 0)) {
          throw new Refusal(400, 'InvalidPartOrder', 'The parts were not in ascending order.');
        }
        const part = upload.parts.get(number);
        if (part === undefined || part.etag.replaceAll('"', '') !== etag.replaceAll('"', '')) {
          throw new Refusal(400, 'InvalidPart', 'A part was not found, or its entity tag does not match.');
        }
        if (index < asked.length - 1 && part.content.length < MIN_PART_BYTES) {
          throw new Refusal(400, 'EntityTooSmall', 'A part other than the last is smaller than 5 MiB.');
        }
        return part.content;
      });
      const { etag } = await objects.write(key, upload.contentType, upload.metadata, Buffer.concat(content));
      uploads.delete(uploadId);
      return `<CompleteMultipartUploadResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>${about(key)}<ETag>${escapeXml(`"${etag}"`)}</ETag></CompleteMultipartUploadResult>`;
    },

    list(key, query) {
      const { parts } = find(key, query.get('uploadId') ?? '');
      const marker = Number(query.get('part-number-marker') ?? 0);
      const rest = [...parts].filter(([number]) => number > marker).sort(([a], [b]) => a - b);
      const page = rest.slice(0, pageSize);
      const listed = page.map(
        ([number, { etag, content, modified }]) =>
          `<Part><PartNumber>${number}</PartNumber><LastModified>${modified.toISOString()}</LastModified>` +
          `<ETag>${escapeXml(etag)}</ETag><Size>${content.length}</Size></Part>`,
      );
      const isTruncated = rest.length > page.length;
      return (
        `<ListPartsResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>${about(key)}` +
        `<PartNumberMarker>${marker}</PartNumberMarker>` +
        (isTruncated ? `<NextPartNumberMarker>${page.at(-1)?.[0]}</NextPartNumberMarker>` : '') +
        `<MaxParts>${pageSize}</MaxParts><IsTruncated>${isTruncated}</IsTruncated>${listed.join('')}</ListPartsResult>`
      );
    },

    abort(key, uploadId) {
      find(key, uploadId);
      uploads.delete(uploadId);
    },

    get open() {
      return [...uploads.values()].map(({ key }) => key);
    },
  };
}

/** https://cloud.google.com/storage/docs/hashes-etags: what was announced must be what came. */
function checkDigest(headers: IncomingHttpHeaders, md5: Buffer): void {
  const announced = [
    headers['content-md5'],
    /(?:^|,)\s*md5=([^,]+)/.exec(String(headers['x-goog-hash'] ?? ''))?.[1],
  ];
  for (const digest of announced) {
    if (digest !== undefined && digest !== md5.toString('base64')) {
      throw new Refusal(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
    }
  }
}
