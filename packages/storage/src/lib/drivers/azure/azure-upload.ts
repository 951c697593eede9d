import { randomBytes } from 'node:crypto';
import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';
import type { CompletedPart, ObjectSpec, UploadToken } from '../../driver.ts';
import { md5Of } from '../../md5.ts';
import { type Block, blockId, parseReceipt } from './azure-block.ts';

/** The service keeps nothing of an upload but its blocks: what the blob is to be comes with the list of them. */
const azureToken = z.object({
  key: z.string(),
  upload: z.string(),
  contentType: z.string(),
  metadata: z.record(z.string(), z.string()).optional(),
});
export type AzureToken = z.infer<typeof azureToken>;

export function newToken(object: ObjectSpec): AzureToken {
  const { key, contentType } = object;
  const upload = randomBytes(6).toString('hex');
  const metadata = metadataOf(object);
  return { key, upload, contentType, ...(metadata !== undefined && { metadata }) };
}

export function parseToken(token: UploadToken): AzureToken {
  const parsed = azureToken.safeParse(token);
  if (parsed.success) return parsed.data;
  throw new TapedeckError('InvalidManifest', 'The upload token is not one of an Azure container.');
}

/** The service takes only what could name a variable: https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata */
export function metadataOf({ metadata }: Pick<ObjectSpec, 'metadata'>): Record<string, string> | undefined {
  if (metadata === undefined) return undefined;
  const named = Object.entries(metadata).map(([name, value]) => [
    name.replaceAll(/\W/g, '_').replace(/^(?=\d)/, '_'),
    value,
  ]);
  return Object.fromEntries(named);
}

/** Staged when an upload begins and never committed: while it is there, the upload is open. */
export const openMark = Buffer.from('T');
const markSum = md5Of([openMark]);

export function openMarkBlock({ upload }: AzureToken): Block {
  return { upload, number: 0, revision: 0, md5: markSum.toString('hex') };
}

/** Of a block that nobody ever stages. */
export function missingBlockId({ upload }: AzureToken): string {
  return blockId({ upload, number: 0, revision: 1, md5: '0'.repeat(32) });
}

/** The service has no blocks without a byte, and an object without a byte has no blocks. */
export function blockIdsOf({ upload, key }: AzureToken, parts: readonly CompletedPart[]): string[] {
  if (parts.length === 0)
    throw new TapedeckError('PartMismatch', `The upload of ${key} cannot be completed of no parts at all.`);
  return parts
    .filter(({ size }) => size > 0)
    .map(({ number, receipt }) => blockId({ upload, number, ...parseReceipt(receipt) }));
}
