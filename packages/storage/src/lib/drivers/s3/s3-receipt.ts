import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';
import { md5Of } from '../../md5.ts';
import { crc32Base64 } from './s3-body.ts';
import type { S3Config } from './s3-config.ts';

/** The checksum where the service gave one: it wants to see it again on completion. */
const s3Receipt = z.object({ etag: z.string(), crc32: z.string().optional(), crc64: z.string().optional() });
export type S3Receipt = z.infer<typeof s3Receipt>;

export function parseReceipt(receipt: unknown): S3Receipt {
  const parsed = s3Receipt.safeParse(receipt);
  if (parsed.success) return parsed.data;
  throw new TapedeckError('InvalidManifest', 'A part receipt is not one of an S3 bucket.');
}

/** From an answer or a listing; undefined when it names no ETag. */
export function receiptOf(part: {
  ETag?: string | undefined;
  ChecksumCRC32?: string | undefined;
  ChecksumCRC64NVME?: string | undefined;
}): S3Receipt | undefined {
  if (part.ETag === undefined) return undefined;
  return {
    etag: part.ETag,
    ...(part.ChecksumCRC32 !== undefined && { crc32: part.ChecksumCRC32 }),
    ...(part.ChecksumCRC64NVME !== undefined && { crc64: part.ChecksumCRC64NVME }),
  };
}

/**
 * An ETag is the MD5 of the bytes, unless a KMS key or the customer's encrypts them
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html). Others that speak S3 may use something else,
 * and a bucket may encrypt by itself: then the prediction fits nothing, which is all.
 */
export function canPredictReceipts({
  object,
  customerKey,
}: Pick<S3Config, 'object' | 'customerKey'>): boolean {
  return customerKey === undefined && object.ServerSideEncryption !== 'aws:kms';
}

export function predictReceipt(checksum: S3Config['checksum'], chunks: readonly Uint8Array[]): S3Receipt {
  const etag = `"${md5Of(chunks).toString('hex')}"`;
  return checksum === 'CRC32' ? { etag, crc32: crc32Base64(chunks) } : { etag };
}
