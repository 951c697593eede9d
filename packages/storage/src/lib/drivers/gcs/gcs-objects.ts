import { randomUUID } from 'node:crypto';
import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';
import type { Driver, ObjectInfo } from '../../driver.ts';
import { md5Of } from '../../md5.ts';
import type { GcsClient, GcsRequest } from './gcs-client.ts';

/** Of an object's resource (https://cloud.google.com/storage/docs/json_api/v1/objects), what is asked for. */
const objectResource = z.object({
  name: z.string(),
  size: z.string().regex(/^\d+$/),
  etag: z.string().optional(),
});
const FIELDS = 'name,size,etag';
const objectPage = z.object({
  items: z.array(objectResource).optional(),
  nextPageToken: z.string().optional(),
});

/** Whole objects, by the JSON API. */
export function createObjectCalls(
  client: GcsClient,
  bucket: string,
): Pick<Driver, 'put' | 'head' | 'get' | 'delete' | 'list'> {
  const objects = `/storage/v1/b/${encodeURIComponent(bucket)}/o`;
  const one = (key: string) => `${objects}/${encodeURIComponent(key)}`;
  const read = { permission: 'storage.objects.get', method: 'GET', readsObject: true } as const;

  return {
    async put({ key, contentType, metadata }, bytes, options) {
      const boundary = randomUUID();
      const about = { name: key, contentType, metadata, md5Hash: md5Of([bytes]).toString('base64') };
      const call: GcsRequest = {
        operation: 'Insert object',
        permission: 'storage.objects.create',
        target: client.url(key),
        needsOnlyBucket: true,
        method: 'POST',
        path: `/upload${objects}?uploadType=multipart&fields=${FIELDS}`,
        headers: { 'content-type': `multipart/related; boundary=${boundary}` },
        body: [
          Buffer.from(
            `--${boundary}\r\ncontent-type: application/json; charset=utf-8\r\n\r\n${JSON.stringify(about)}\r\n` +
              `--${boundary}\r\ncontent-type: ${contentType}\r\n\r\n`,
          ),
          bytes,
          Buffer.from(`\r\n--${boundary}--\r\n`),
        ],
      };
      return infoOf(parse(objectResource, call, (await client.send(call, options)).text));
    },

    async head(key, options) {
      const call: GcsRequest = {
        ...read,
        operation: 'Get object metadata',
        target: client.url(key),
        path: `${one(key)}?fields=${FIELDS}`,
      };
      return infoOf(parse(objectResource, call, (await client.send(call, options)).text));
    },

    get(key, range, options) {
      const call: GcsRequest = {
        ...read,
        operation: 'Get object',
        target: client.url(key),
        path: `${one(key)}?alt=media`,
        ...(range && { headers: { range: `bytes=${range[0]}-${range[1] - 1}` } }),
      };
      return client.open(call, options);
    },

    async delete(key, options) {
      const call: GcsRequest = {
        operation: 'Delete object',
        permission: 'storage.objects.delete',
        target: client.url(key),
        method: 'DELETE',
        path: one(key),
      };
      try {
        await client.send(call, options);
      } catch (error) {
        if (!(error instanceof TapedeckError && error.code === 'NotFound')) throw error;
      }
    },

    async *list(prefix, options) {
      let next: string | undefined;
      do {
        const query = new URLSearchParams({
          prefix,
          fields: `items(${FIELDS}),nextPageToken`,
          ...(next !== undefined && { pageToken: next }),
        });
        const call: GcsRequest = {
          operation: 'List objects',
          permission: 'storage.objects.list',
          target: client.url(prefix),
          needsOnlyBucket: true,
          method: 'GET',
          path: `${objects}?${query}`,
        };
        const page = parse(objectPage, call, (await client.send(call, options)).text);
        for (const item of page.items ?? []) yield infoOf(item);
        next = page.nextPageToken;
      } while (next !== undefined);
    },
  };
}

function parse<T>(schema: z.ZodType<T>, { operation, target }: GcsRequest, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const message = `${operation} on ${target} answered something else than an object's resource; is it Google Cloud Storage?`;
    throw new TapedeckError('Unknown', message, { cause: error });
  }
}

function infoOf({ name, size, etag }: z.infer<typeof objectResource>): ObjectInfo {
  return { key: name, size: Number(size), ...(etag !== undefined && { etag }) };
}
