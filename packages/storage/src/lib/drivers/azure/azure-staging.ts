import { Readable } from 'node:stream';
import { TapedeckError } from '@tapedeck/core';
import type { CallOptions, Part } from '../../driver.ts';
import { type Block, blockId, type ListedBlock, parseBlockId } from './azure-block.ts';
import { type AzureCaller, codeOf, noAnswer } from './azure-call.ts';
import { type AzureToken, missingBlockId } from './azure-upload.ts';

/** A blob that is there is never replaced: https://learn.microsoft.com/rest/api/storageservices/put-block-list */
const onlyNew = { ifNoneMatch: '*' } as const;

/** The blocks of uploads, beside the blobs that they become. */
export interface AzureStaging {
  /** The service refuses bytes that are not those of the block's MD5. */
  stage(
    key: string,
    block: Block,
    part: Pick<Part, 'bytes' | 'size'>,
    options?: CallOptions,
  ): Promise<unknown>;
  /** Makes the blob of these, and drops all others; `AlreadyExists` where there is one. */
  commit(token: AzureToken, ids: string[], options?: CallOptions): Promise<{ etag?: string | undefined }>;
  /** Rejects with `AlreadyExists` where the name is taken, if the service tells that much to who may only write. */
  requireFreeName(token: AzureToken, options?: CallOptions): Promise<void>;
  /** All blocks of an open upload, its mark among them; `UploadGone` once it is over. */
  listOpen(token: AzureToken, options?: CallOptions): Promise<ListedBlock[]>;
  /** What a failed commit of these ids means, as far as we may look at what is there. */
  explain(token: AzureToken, ids: readonly string[], error: unknown, options?: CallOptions): Promise<unknown>;
}

export function createStaging(call: AzureCaller, url: (key: string) => string): AzureStaging {
  const gone = ({ key }: AzureToken, cause?: unknown) =>
    new TapedeckError('UploadGone', `The upload to ${url(key)} was completed or dropped before.`, { cause });

  const commit: AzureStaging['commit'] = (token, ids, options) =>
    call('Put Block List', 'write', token.key, options, (blob, http) =>
      blob.commitBlockList(ids, {
        ...http,
        conditions: onlyNew,
        blobHTTPHeaders: { blobContentType: token.contentType },
        ...(token.metadata !== undefined && { metadata: token.metadata }),
      }),
    );

  /** Of this upload only. Rejects with `NotFound` where nothing has that key. */
  const list = async (
    which: 'committed' | 'uncommitted',
    { key, upload }: AzureToken,
    options?: CallOptions,
  ): Promise<ListedBlock[]> => {
    const lists = await call('Get Block List', 'read', key, options, (blob, http) =>
      blob.getBlockList(which, http),
    );
    const listed = which === 'committed' ? lists.committedBlocks : lists.uncommittedBlocks;
    return (listed ?? []).flatMap(({ name, size }) => {
      const block = parseBlockId(name);
      return block?.upload === upload ? [{ block, size }] : [];
    });
  };

  const listOpen: AzureStaging['listOpen'] = async (token, options) => {
    const blocks = await list('uncommitted', token, options).catch((error: unknown) => {
      throw codeOf(error) === 'NotFound' ? gone(token, error) : error;
    });
    if (!blocks.some(({ block }) => block.number === 0)) throw gone(token);
    return blocks;
  };

  return {
    stage: (key, block, { bytes, size }, options) =>
      call('Put Block', 'write', key, options, (blob, http) =>
        blob.stageBlock(blockId(block), bodyOf(bytes), size, {
          ...http,
          transactionalContentMD5: Buffer.from(block.md5, 'hex'),
        }),
      ),

    commit,

    async requireFreeName(token, options) {
      try {
        // Nobody staged that block, so this makes nothing; but the service looks first whether the name is taken.
        await commit(token, [missingBlockId(token)], options);
      } catch (error) {
        if (codeOf(error) === 'PartMismatch' || codeOf(error) === 'NotFound') return;
        throw error;
      }
      throw noAnswer('Put Block List', url(token.key), 'a refusal of a block that is not there');
    },

    listOpen,

    async explain(token, ids, error, options) {
      try {
        if (codeOf(error) === 'PartMismatch') await listOpen(token, options);
        if (codeOf(error) !== 'AlreadyExists') return error;
        // An object without a byte has no blocks that tell whose it is.
        const isOurs = ids.length === 0 || (await list('committed', token, options)).length > 0;
        return isOurs ? gone(token, error) : error;
      } catch (cause) {
        if (codeOf(cause) !== 'StorageDenied') return cause;
        return codeOf(error) === 'AlreadyExists' ? gone(token, error) : error;
      }
    },
  };
}

/** Sent as the views lie in memory, without being copied into one piece first. */
function bodyOf(chunks: readonly Uint8Array[]) {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  return () => Readable.from(chunks, { objectMode: false });
}
