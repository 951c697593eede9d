import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  type StorageClass,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';
import type { CallOptions, Driver, Part, StoredPart, UploadToken } from '../../driver.ts';
import type { DriverConfig } from '../drivers.ts';
import { usesProxy } from '../http-proxy.ts';
import { checksumFields, streamBody } from './s3-body.ts';
import { capabilitiesOf } from './s3-capabilities.ts';
import { createS3Client } from './s3-client.ts';
import { readS3Config, type S3Config } from './s3-config.ts';
import { describeS3Endpoint } from './s3-endpoint.ts';
import { type S3Hints, translateS3Error } from './s3-errors.ts';
import { authentication } from './s3-identity.ts';
import { canPredictReceipts, parseReceipt, predictReceipt, receiptOf } from './s3-receipt.ts';
import { readSpacesConfig, spacesHints } from './spaces-config.ts';

/** A check proves that objects can be locked, without one more for years after every check. */
const PROBE_RETENTION_SECONDS = 60;

const s3Token = z.object({ key: z.string(), uploadId: z.string() });

/**
 * S3 and what speaks it, by multipart uploads. While an upload is open the bucket shows nothing under the key,
 * but keeps the parts (and bills them) until it is completed or aborted: give the bucket a lifecycle rule that
 * aborts incomplete uploads after some days. Writing needs s3:PutObject and s3:AbortMultipartUpload;
 * s3:ListMultipartUploadParts lets a crashed upload be completed up to its very last part.
 */
export async function createS3Driver({ spec, credentials }: DriverConfig): Promise<Driver> {
  return openS3Driver('S3', readS3Config(spec, credentials));
}

/** DigitalOcean's Spaces: the same, with the keys of an access key of Spaces that may write to the bucket. */
export async function createSpacesDriver({ spec, credentials }: DriverConfig): Promise<Driver> {
  return openS3Driver('DigitalOcean', readSpacesConfig(spec, credentials), spacesHints);
}

/** For every provider that speaks S3. */
export async function openS3Driver(
  provider: Driver['provider'],
  config: S3Config,
  hints: S3Hints = {},
): Promise<Driver> {
  const identity = await authentication(config);
  const client = createS3Client(config, identity);
  const Bucket = config.bucket;
  const object = { ...config.object, StorageClass: config.object.StorageClass as StorageClass | undefined };
  const { words } = config;
  const url = (key: string) => `${words?.scheme ?? 's3'}://${Bucket}/${key}`;
  const capabilities = capabilitiesOf(config);

  const call = async <T>(
    operation: string,
    action: string,
    target: string,
    options: CallOptions | undefined,
    send: (options: { abortSignal?: AbortSignal }) => Promise<T>,
  ): Promise<T> => {
    try {
      return await send(options?.signal === undefined ? {} : { abortSignal: options.signal });
    } catch (error) {
      const permission = words?.permission(action) ?? action;
      const own = identity.isAnonymous ? { ...hints, StorageDenied: anonymousHint(permission) } : hints;
      throw translateS3Error({ operation, permission, target, hints: own }, error, options?.signal);
    }
  };

  return {
    provider,
    capabilities,
    endpoint: describeS3Endpoint(config),
    viaProxy: usesProxy(),
    url,

    async begin({ key, contentType, metadata, isProbe }, options) {
      const answer = await call('CreateMultipartUpload', 's3:PutObject', url(key), options, (http) =>
        client.send(
          new CreateMultipartUploadCommand({
            Bucket,
            Key: key,
            ContentType: contentType,
            Metadata: metadata,
            ...(config.checksum === 'CRC32' && { ChecksumAlgorithm: 'CRC32' }),
            ...object,
            ...retention(config, isProbe),
            ...config.customerKey,
          }),
          http,
        ),
      );
      if (answer.UploadId === undefined) throw noAnswer('CreateMultipartUpload', url(key), 'UploadId');
      return { key, uploadId: answer.UploadId };
    },

    async putPart(token, part, options) {
      const { key, uploadId } = parseToken(token);
      const command = new UploadPartCommand({
        Bucket,
        Key: key,
        UploadId: uploadId,
        PartNumber: part.number,
        ContentLength: part.size,
        Body: part.size === 0 ? new Uint8Array() : streamBody(part.bytes),
        ...checksumFields(config.checksum, part.bytes),
        ...config.customerKey,
      });
      const answer = await call('UploadPart', 's3:PutObject', url(key), options, (http) =>
        client.send(command, http),
      );
      const receipt = receiptOf(answer);
      if (receipt === undefined) throw noAnswer('UploadPart', url(key), 'ETag');
      return receipt;
    },

    ...(canPredictReceipts(config) && {
      predictReceipt: ({ bytes }: Part) => predictReceipt(config.checksum, bytes),
    }),

    async complete(token, parts, options) {
      const { key, uploadId } = parseToken(token);
      const Parts = parts.map(({ number, receipt }) => {
        const { etag, crc32, crc64 } = parseReceipt(receipt);
        return { PartNumber: number, ETag: etag, ChecksumCRC32: crc32, ChecksumCRC64NVME: crc64 };
      });
      const answer = await call('CompleteMultipartUpload', 's3:PutObject', url(key), options, (http) =>
        client.send(
          new CompleteMultipartUploadCommand({
            Bucket,
            Key: key,
            UploadId: uploadId,
            MultipartUpload: { Parts },
            ...config.customerKey,
          }),
          http,
        ),
      );
      const size = parts.reduce((sum, part) => sum + part.size, 0);
      return { key, size, ...(answer.ETag !== undefined && { etag: answer.ETag }) };
    },

    async listParts(token, options) {
      const parts: StoredPart[] = [];
      const { key, uploadId } = parseToken(token);
      let marker: string | undefined;
      do {
        const page = await call('ListParts', 's3:ListMultipartUploadParts', url(key), options, (http) =>
          client.send(
            new ListPartsCommand({
              Bucket,
              Key: key,
              UploadId: uploadId,
              PartNumberMarker: marker,
              ...config.customerKey,
            }),
            http,
          ),
        );
        for (const part of page.Parts ?? []) {
          const { PartNumber: number, Size: size } = part;
          if (number === undefined || size === undefined) continue;
          const receipt = receiptOf(part);
          if (receipt === undefined) throw noAnswer('ListParts', url(key), 'ETag');
          parts.push({ number, size, receipt });
        }
        marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
      } while (marker !== undefined);
      return parts;
    },

    async abort(token, options) {
      const { key, uploadId } = parseToken(token);
      const command = new AbortMultipartUploadCommand({ Bucket, Key: key, UploadId: uploadId });
      try {
        await call('AbortMultipartUpload', 's3:AbortMultipartUpload', url(key), options, (http) =>
          client.send(command, http),
        );
      } catch (error) {
        if (!(error instanceof TapedeckError && error.code === 'UploadGone')) throw error;
      }
    },

    async put({ key, contentType, metadata, isProbe }, bytes, options) {
      const answer = await call('PutObject', 's3:PutObject', url(key), options, (http) =>
        client.send(
          new PutObjectCommand({
            Bucket,
            Key: key,
            Body: bytes,
            ContentType: contentType,
            Metadata: metadata,
            ...checksumFields(config.checksum, [bytes]),
            ...object,
            ...retention(config, isProbe),
            ...config.customerKey,
          }),
          http,
        ),
      );
      return { key, size: bytes.length, ...(answer.ETag !== undefined && { etag: answer.ETag }) };
    },

    async head(key, options) {
      const answer = await call('HeadObject', 's3:GetObject', url(key), options, (http) =>
        client.send(new HeadObjectCommand({ Bucket, Key: key, ...config.customerKey }), http),
      );
      if (answer.ContentLength === undefined) throw noAnswer('HeadObject', url(key), 'Content-Length');
      return { key, size: answer.ContentLength, ...(answer.ETag !== undefined && { etag: answer.ETag }) };
    },

    async get(key, range, options) {
      const Range = range && `bytes=${range[0]}-${range[1] - 1}`;
      const answer = await call('GetObject', 's3:GetObject', url(key), options, (http) =>
        client.send(new GetObjectCommand({ Bucket, Key: key, Range, ...config.customerKey }), http),
      );
      if (!(answer.Body instanceof Readable)) throw noAnswer('GetObject', url(key), 'body');
      return answer.Body;
    },

    async delete(key, options) {
      await call('DeleteObject', 's3:DeleteObject', url(key), options, (http) =>
        client.send(new DeleteObjectCommand({ Bucket, Key: key }), http),
      );
    },

    async *list(prefix, options) {
      let next: string | undefined;
      do {
        const page = await call('ListObjectsV2', 's3:ListBucket', url(prefix), options, (http) =>
          client.send(new ListObjectsV2Command({ Bucket, Prefix: prefix, ContinuationToken: next }), http),
        );
        for (const { Key, Size, ETag } of page.Contents ?? []) {
          if (Key !== undefined)
            yield { key: Key, size: Size ?? 0, ...(ETag !== undefined && { etag: ETag }) };
        }
        next = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (next !== undefined);
    },

    ...(capabilities.signUrls && {
      async signUrl(key: string, expiresInSeconds: number) {
        const { getSignedUrl } = await import('./s3-link.ts');
        return call('GetObject', 's3:GetObject', url(key), undefined, () =>
          getSignedUrl(client, new GetObjectCommand({ Bucket, Key: key }), { expiresIn: expiresInSeconds }),
        );
      },
    }),

    close() {
      client.destroy();
      return Promise.resolve();
    },
  };
}

function anonymousHint(permission: string): string {
  return `no credentials were found here, so the request went unsigned: give the storage a Secret or an identity that is allowed ${permission} there`;
}

/** From now on; the service wants a checksum with bytes that it is to keep, which they have. */
function retention(
  { objectLock }: S3Config,
  isProbe: boolean | undefined,
): { ObjectLockMode?: 'GOVERNANCE' | 'COMPLIANCE'; ObjectLockRetainUntilDate?: Date } {
  if (objectLock === undefined) return {};
  const seconds = isProbe === true ? PROBE_RETENTION_SECONDS : objectLock.retainForSeconds;
  return {
    ObjectLockMode: objectLock.mode,
    ObjectLockRetainUntilDate: new Date(Date.now() + seconds * 1000),
  };
}

function parseToken(token: UploadToken): z.infer<typeof s3Token> {
  const parsed = s3Token.safeParse(token);
  if (parsed.success) return parsed.data;
  throw new TapedeckError('InvalidManifest', 'The upload token is not one of an S3 bucket.');
}

function noAnswer(operation: string, target: string, what: string): TapedeckError {
  return new TapedeckError(
    'Unknown',
    `${operation} on ${target} answered without ${what}; is it an S3 server?`,
  );
}
