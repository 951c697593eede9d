import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import { TapedeckError } from '@tapedeck/core';
import type { CallOptions } from '../../driver.ts';
import { translateAzureError } from './azure-errors.ts';

/** Actions of a role below Microsoft.Storage/storageAccounts/blobServices, and the letters of a SAS. */
const rights = {
  write: 'containers/blobs/write (SAS permission w)',
  read: 'containers/blobs/read (SAS permission r)',
  list: 'containers/blobs/read (SAS permission l)',
  delete: 'containers/blobs/delete (SAS permission d)',
  sign: 'generateUserDelegationKey/action',
} as const;

/** Sends one request about a key, named as the service's documentation does, and translates what goes wrong. */
export type AzureCaller = <T>(
  operation: string,
  right: keyof typeof rights,
  key: string,
  options: CallOptions | undefined,
  send: (blob: BlockBlobClient, options: { abortSignal?: AbortSignal }) => Promise<T>,
) => Promise<T>;

export function createCaller(container: ContainerClient, url: (key: string) => string): AzureCaller {
  return async (operation, right, key, options, send) => {
    try {
      options?.signal?.throwIfAborted();
      const http = options?.signal === undefined ? {} : { abortSignal: options.signal };
      return await send(container.getBlockBlobClient(key), http);
    } catch (error) {
      const about = { operation, permission: rights[right], target: url(key) };
      throw translateAzureError(about, error, options?.signal);
    }
  };
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof TapedeckError ? error.code : undefined;
}

export function noAnswer(operation: string, target: string, what: string): TapedeckError {
  return new TapedeckError(
    'Unknown',
    `${operation} on ${target} answered without ${what}; is it Azure Blob Storage?`,
  );
}
