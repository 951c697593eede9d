import { Readable } from 'node:stream';
import type { BlockBlobClient } from '@azure/storage-blob';
import { TapedeckError } from '@tapedeck/core';
import type { CallOptions, Driver } from '../../driver.ts';
import type { DriverConfig } from '../drivers.ts';
import { blockId, type ListedBlock, md5Of, newestOf, parseBlockId, receiptOf } from './azure-block.ts';
import { azureCapabilities } from './azure-capabilities.ts';
import { createAzureClient } from './azure-client.ts';
import { readAzureConfig } from './azure-config.ts';
import { translateAzureError } from './azure-errors.ts';
import {
  type AzureToken,
  blockIdsOf,
  missingBlockId,
  newToken,
  openMark,
  openMarkBlock,
  parseToken,
} from './azure-upload.ts';

/** Actions of a role below Microsoft.Storage/storageAccounts/blobServices, and the letters of a SAS. */
const rights = {
  write: 'containers/blobs/write (SAS permission w)',
  read: 'containers/blobs/read (SAS permission r)',
  list: 'containers/blobs/read (SAS permission l)',
  delete: 'containers/blobs/delete (SAS permission d)',
  sign: 'generateUserDelegationKey/action',
} as const;

/** A blob that is there is never replaced: https://learn.microsoft.com/rest/api/storageservices/put-block-list */
const onlyNew = { ifNoneMatch: '*' } as const;

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
  const { container, sign } = await createAzureClient(config);
  const root = `${config.endpoint}/${config.container}`;
  const url = (key: string) => `${root}/${key.split('/').map(encodeURIComponent).join('/')}`;
  const blobOf = (key: string) => container.getBlockBlobClient(key);

  const call = async <T>(
    operation: string,
    permission: keyof typeof rights,
    key: string,
    options: CallOptions | undefined,
    send: (blob: BlockBlobClient, options: { abortSignal?: AbortSignal }) => Promise<T>,
  ): Promise<T> => {
    const about = { operation, permission: rights[permission], target: url(key) };
    try {
      options?.signal?.throwIfAborted();
      return await send(blobOf(key), options?.signal === undefined ? {} : { abortSignal: options.signal });
    } catch (error) {
      throw translateAzureError(about, error, options?.signal);
    }
  };

  const stage = (
    key: string,
    id: string,
    bytes: readonly Uint8Array[],
    size: number,
    md5: Uint8Array,
    options?: CallOptions,
  ) =>
    call('Put Block', 'write', key, options, (blob, http) =>
      blob.stageBlock(id, bodyOf(bytes), size, { ...http, transactionalContentMD5: md5 }),
    );

  const commit = (token: AzureToken, ids: string[], options?: CallOptions) =>
    call('Put Block List', 'write', token.key, options, (blob, http) =>
      blob.commitBlockList(ids, {
        ...http,
        conditions: onlyNew,
        blobHTTPHeaders: { blobContentType: token.contentType },
        ...(token.metadata !== undefined && { metadata: token.metadata }),
      }),
    );

  /** Blocks of the upload, its open mark among them. Rejects with `NotFound` where nothing has that key. */
  const listBlocks = async (
    which: 'committed' | 'uncommitted',
    { key, upload }: AzureToken,
    options?: CallOptions,
  ): Promise<ListedBlock[]> => {
    const { committedBlocks, uncommittedBlocks } = await call(
      'Get Block List',
      'read',
      key,
      options,
      (blob, http) => blob.getBlockList(which, http),
    );
    const listed = (which === 'committed' ? committedBlocks : uncommittedBlocks) ?? [];
    return listed.flatMap(({ name, size }) => {
      const block = parseBlockId(name);
      return block?.upload === upload ? [{ block, size }] : [];
    });
  };

  const listOpen = async (token: AzureToken, options?: CallOptions): Promise<ListedBlock[]> => {
    const blocks = await listBlocks('uncommitted', token, options).catch((error: unknown) => {
      throw codeOf(error) === 'NotFound' ? gone(url(token.key), error) : error;
    });
    if (!blocks.some(({ block }) => block.number === 0)) throw gone(url(token.key));
    return blocks;
  };

  /** A commit of a block that nobody staged makes nothing; but the service looks first whether the name is taken. */
  const requireFreeName = async (token: AzureToken, options?: CallOptions): Promise<void> => {
    try {
      await commit(token, [missingBlockId(token)], options);
    } catch (error) {
      if (codeOf(error) === 'PartMismatch' || codeOf(error) === 'NotFound') return;
      throw error;
    }
    throw noAnswer('Put Block List', url(token.key), 'a refusal of a block that is not there');
  };

  /** What a failed commit means, as far as we may look at what is there. */
  const explainCommit = async (
    token: AzureToken,
    isEmpty: boolean,
    error: unknown,
    options?: CallOptions,
  ): Promise<unknown> => {
    try {
      if (codeOf(error) === 'PartMismatch') await listOpen(token, options);
      if (codeOf(error) !== 'AlreadyExists') return error;
      // An object without a byte has no blocks that tell whose it is.
      const isOurs = isEmpty || (await listBlocks('committed', token, options)).length > 0;
      return isOurs ? gone(url(token.key), error) : error;
    } catch (cause) {
      if (codeOf(cause) !== 'StorageDenied') return cause;
      return codeOf(error) === 'AlreadyExists' ? gone(url(token.key), error) : error;
    }
  };

  return {
    provider: 'AzureBlob',
    capabilities: { ...azureCapabilities, signUrls: sign !== undefined },
    endpoint: config.endpoint,
    url,

    async begin(object, options) {
      const token = newToken(object);
      await requireFreeName(token, options);
      const mark = openMarkBlock(token);
      const md5 = Buffer.from(mark.md5, 'hex');
      await stage(token.key, blockId(mark), [openMark], openMark.length, md5, options);
      return token;
    },

    async putPart(token, part, options) {
      const { key, upload } = parseToken(token);
      const receipt = receiptOf(part);
      if (part.size === 0) return receipt;
      const id = blockId({ upload, number: part.number, ...receipt });
      await stage(key, id, part.bytes, part.size, Buffer.from(receipt.md5, 'hex'), options);
      return receipt;
    },

    predictReceipt: receiptOf,

    async complete(rawToken, parts, options) {
      const token = parseToken(rawToken);
      const ids = blockIdsOf(token, parts);
      try {
        const { etag } = await commit(token, ids, options);
        const size = parts.reduce((sum, part) => sum + part.size, 0);
        return { key: token.key, size, ...(etag !== undefined && { etag }) };
      } catch (error) {
        throw await explainCommit(token, ids.length === 0, error, options);
      }
    },

    async listParts(token, options) {
      const blocks = await listOpen(parseToken(token), options);
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
        const { etag } = await commit(token, [], options);
        const conditions = etag === undefined ? {} : { conditions: { ifMatch: etag } };
        await call('Delete Blob', 'delete', key, options, (blob, http) =>
          blob.delete({ ...http, ...conditions }),
        );
      } catch (error) {
        // Completed before: nothing of it is left to drop.
        if (codeOf(error) !== 'AlreadyExists' && !isMissing(error)) throw error;
      }
    },

    async put({ key, contentType, metadata }, bytes, options) {
      const { etag } = await call('Put Blob', 'write', key, options, (blob, http) =>
        blob.upload(bytes, bytes.length, {
          ...http,
          transactionalContentMD5: md5Of([bytes]),
          blobHTTPHeaders: { blobContentType: contentType },
          ...(metadata !== undefined && { metadata: { ...metadata } }),
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

    close: () => Promise.resolve(),
  };
}

/** Sent as the views lie in memory, without being copied into one piece first. */
function bodyOf(chunks: readonly Uint8Array[]) {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  return () => Readable.from(chunks, { objectMode: false });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof TapedeckError ? error.code : undefined;
}

function gone(target: string, cause?: unknown): TapedeckError {
  return new TapedeckError('UploadGone', `The upload to ${target} was completed or dropped before.`, {
    cause,
  });
}

function noAnswer(operation: string, target: string, what: string): TapedeckError {
  return new TapedeckError(
    'Unknown',
    `${operation} on ${target} answered without ${what}; is it Azure Blob Storage?`,
  );
}
