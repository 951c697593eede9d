import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';
import type { PartReceipt, UploadToken } from '../../driver.ts';
import { md5Of } from '../../md5.ts';

const multipartToken = z.object({ key: z.string(), uploadId: z.string() });
export type MultipartToken = z.infer<typeof multipartToken>;

const receipt = z.object({ etag: z.string() });
export type GcsReceipt = z.infer<typeof receipt>;

export function parseToken(token: UploadToken): MultipartToken {
  const parsed = multipartToken.safeParse(token);
  if (parsed.success) return parsed.data;
  throw new TapedeckError(
    'InvalidManifest',
    'The upload token is not one of a multipart upload to Cloud Storage.',
  );
}

export function parseReceipt(value: PartReceipt): GcsReceipt {
  const parsed = receipt.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TapedeckError('InvalidManifest', 'A part receipt is not one of a Cloud Storage bucket.');
}

/**
 * A part's ETag is the MD5 of its bytes (https://cloud.google.com/storage/docs/hashes-etags), unless a key of KMS
 * encrypts it: then the prediction fits nothing, which is all.
 */
export function predictReceipt(chunks: readonly Uint8Array[]): GcsReceipt {
  return { etag: `"${md5Of(chunks).toString('hex')}"` };
}
