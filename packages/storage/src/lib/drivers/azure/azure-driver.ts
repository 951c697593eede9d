import { Readable } from 'node:stream';
import type { Driver } from '../../driver.ts';
import { md5Of } from '../../md5.ts';
import type { DriverConfig } from '../drivers.ts';
import { newestOf, receiptOf } from './azure-block.ts';
import { codeOf, createCaller, noAnswer } from './azure-call.ts';
import { azureCapabilities } from './azure-capabilities.ts';
import { createAzureClient } from './azure-client.ts';
import { readAzureConfig } from './azure-config.ts';
import { createStaging } from './azure-staging.ts';
import { blockIdsOf, metadataOf, newToken, openMark, openMarkBlock, parseToken } from './azure-upload.ts';

/**
 * Azure Blob Storage, by the blocks of one block blob. While an upload is open the container shows nothing under the
 * key, but keeps its blocks (and bills them) until they are committed or a week has passed since the last one; no
 * lifecycle rule is needed. Each put is a block of its own, named by upload, part, revision and MD5, so that none
 * replaces another and the commit takes exactly the ones in the receipts; what it does not name is dropped with it.
 * Writing needs blobs/write alone; blobs/read lets a crashed upload be completed up to its very last part and tells
 * whose object is in the way, blobs/delete lets an aborted upload leave nothing. See
 * docs/decisions/009-azure-block-ids.md.
 */
export async function createAzureDriver({ spec, credentials }: DriverConfig): Promise<Driver> {
  const config = readAzureConfig(spec, credentials);
  const { container, sign, viaProxy, close } = await createAzureClient(config);
  const root = `${config.endpoint}/${config.container}`;
  const url = (key: string) => `${root}/${key.split('/').map(encodeURIComponent).join('/')}`;
  const call = createCaller(container, url);
  const staging = createStaging(call, url);

  return {
    provider: 'AzureBlob',
    capabilities: { ...azureCapabilities, signUrls: sign !== undefined },
    endpoint: config.endpoint,
    viaProxy,
    url,

    async begin(object, options) {
      const token = newToken(object);
      await staging.requireFreeName(token, options);
      const mark = { bytes: [openMark], size: openMark.length };
      await staging.stage(token.key, openMarkBlock(token), mark, options);
      return token;
    },

    async putPart(token, part, options) {
      const { key, upload } = parseToken(token);
      const receipt = receiptOf(part);
      // The service takes no empty block, and an object needs none.
      if (part.size > 0) await staging.stage(key, { upload, number: part.number, ...receipt }, part, options);
      return receipt;
    },

    predictReceipt: receiptOf,

    async complete(rawToken, parts, options) {
      const token = parseToken(rawToken);
      const ids = blockIdsOf(token, parts);
      try {
        const { etag } = await staging.commit(token, ids, options);
        const size = parts.reduce((sum, part) => sum + part.size, 0);
        return { key: token.key, size, ...(etag !== undefined && { etag }) };
      } catch (error) {
        throw await staging.explain(token, ids, error, options);
      }
    },

    async listParts(token, options) {
      const blocks = await staging.listOpen(parseToken(token), options);
      return newestOf(blocks.filter(({ block }) => block.number > 0)).map(
        ({ block: { number, revision, md5 }, size }) => ({ number, size, receipt: { revision, md5 } }),
      );
    },

    async abort(rawToken, options) {
      const token = parseToken(rawToken);
      const { key, upload } = token;
      const isMissing = (error: unknown) => codeOf(error) === 'NotFound';
      // An empty list drops the blocks, but makes an empty blob: only for who may delete that. Asking for a name that
      // nothing has tells.
      try {
        await call('Delete Blob', 'delete', `${key}.${upload}`, options, (blob, http) => blob.delete(http));
      } catch (error) {
        if (codeOf(error) === 'StorageDenied') return; // The blocks expire.
        if (!isMissing(error)) throw error;
      }
      try {
        const { etag } = await staging.commit(token, [], options);
        const conditions = etag === undefined ? {} : { conditions: { ifMatch: etag } };
        await call('Delete Blob', 'delete', key, options, (blob, http) =>
          blob.delete({ ...http, ...conditions }),
        );
      } catch (error) {
        // Completed before: nothing of it is left to drop.
        if (codeOf(error) !== 'AlreadyExists' && !isMissing(error)) throw error;
      }
    },

    async put(object, bytes, options) {
      const { key, contentType } = object;
      const metadata = metadataOf(object);
      const { etag } = await call('Put Blob', 'write', key, options, (blob, http) =>
        blob.upload(bytes, bytes.length, {
          ...http,
          transactionalContentMD5: md5Of([bytes]),
          blobHTTPHeaders: { blobContentType: contentType },
          ...(metadata !== undefined && { metadata }),
        }),
      );
      return { key, size: bytes.length, ...(etag !== undefined && { etag }) };
    },

    async head(key, options) {
      const { contentLength, etag } = await call('Get Blob Properties', 'read', key, options, (blob, http) =>
        blob.getProperties(http),
      );
      if (contentLength === undefined) throw noAnswer('Get Blob Properties', url(key), 'Content-Length');
      return { key, size: contentLength, ...(etag !== undefined && { etag }) };
    },

    async get(key, range, options) {
      const [start, end] = range ?? [0];
      const count = end === undefined ? undefined : end - start;
      const { readableStreamBody } = await call('Get Blob', 'read', key, options, (blob, http) =>
        blob.download(start, count, { ...http, maxRetryRequests: 0 }),
      );
      if (!(readableStreamBody instanceof Readable)) throw noAnswer('Get Blob', url(key), 'a body');
      return readableStreamBody;
    },

    async delete(key, options) {
      await call('Delete Blob', 'delete', key, options, (blob, http) => blob.delete(http)).catch(
        (error: unknown) => {
          if (codeOf(error) !== 'NotFound') throw error;
        },
      );
    },

    async *list(prefix, options) {
      let next: string | undefined;
      do {
        const page = await call('List Blobs', 'list', prefix, options, async (_, http) => {
          const pages = container
            .listBlobsFlat({ ...http, ...(prefix !== '' && { prefix }) })
            .byPage(next === undefined ? {} : { continuationToken: next });
          const { value } = await pages.next();
          return value;
        });
        for (const { name, properties } of page?.segment?.blobItems ?? [])
          yield { key: name, size: properties.contentLength ?? 0, etag: properties.etag };
        next = page?.continuationToken || undefined;
      } while (next !== undefined);
    },

    ...(sign !== undefined && {
      signUrl: (key: string, expiresInSeconds: number) =>
        call('Get User Delegation Key', 'sign', key, undefined, () => sign(key, expiresInSeconds)),
    }),

    close() {
      close();
      return Promise.resolve();
    },
  };
}
