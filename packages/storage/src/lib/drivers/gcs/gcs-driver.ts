import { TapedeckError } from '@tapedeck/core';
import type { Driver, ObjectSpec } from '../../driver.ts';
import type { DriverConfig } from '../drivers.ts';
import { usesProxy } from '../http-proxy.ts';
import { gcsCapabilities, gcsResumableCapabilities } from './gcs-capabilities.ts';
import { createGcsClient, type GcsClient } from './gcs-client.ts';
import { type GcsConfig, readGcsConfig } from './gcs-config.ts';
import { createMultipartUploads } from './gcs-multipart.ts';
import { createObjectCalls } from './gcs-objects.ts';
import { createResumableUploads, startOfSession } from './gcs-resumable.ts';
import { createSeal } from './gcs-seal.ts';

/**
 * Google Cloud Storage. While an upload is open the bucket shows nothing under the key.
 *
 * By the XML API's multipart uploads it keeps the parts (and bills them) until the upload is completed or aborted: give
 * the bucket a lifecycle rule with AbortIncompleteMultipartUpload. Writing needs storage.objects.create and
 * storage.multipartUploads.create, which roles/storage.objectCreator has; storage.multipartUploads.listParts, of the
 * same role, lets a crashed upload be completed up to its very last part.
 *
 * By a resumable session (spec.gcs.upload) storage.objects.create is enough; what nobody ends is gone after a week.
 */
export async function createGcsDriver({ spec, credentials }: DriverConfig): Promise<Driver> {
  const config = readGcsConfig(spec, credentials);
  const { identity } = config;
  if (identity.type === 'Hmac') {
    const { openHmacDriver } = await import('./gcs-hmac.ts');
    return openHmacDriver(config, identity);
  }
  const client = createGcsClient(config, identity);
  const common = objectSide(config, client);
  if (identity.type === 'ServiceAccount' && config.upload === 'Resumable') {
    const uploads = createResumableUploads(client, config.bucket, createSeal(identity.account));
    return { ...common, ...uploads, capabilities: gcsResumableCapabilities };
  }
  const uploads = createMultipartUploads(client, config.bucket);
  const maySuggest = identity.type === 'ServiceAccount';
  return {
    ...common,
    ...uploads,
    capabilities: gcsCapabilities,
    async begin(object, options) {
      try {
        return await uploads.begin(object, options);
      } catch (error) {
        throw maySuggest ? await withSuggestion(error, client, config, object) : error;
      }
    },
  };
}

function objectSide(
  config: GcsConfig,
  client: GcsClient,
): Omit<
  Driver,
  'capabilities' | 'begin' | 'putPart' | 'predictReceipt' | 'complete' | 'listParts' | 'abort'
> {
  return {
    provider: 'GCS',
    endpoint: config.endpoint,
    viaProxy: usesProxy(),
    url: client.url,
    ...createObjectCalls(client, config.bucket),
    async signUrl(key, expiresInSeconds) {
      const { signGcsLink } = await import('./gcs-link.ts');
      return signGcsLink(client, config, key, expiresInSeconds);
    },
    close() {
      client.close();
      return Promise.resolve();
    },
  };
}

/** Longest that the question may take whether there is another way. */
const SUGGESTION_MS = 5_000;

/** A storage that takes no multipart uploads may take sessions; it is tried, so that nobody has to guess. */
async function withSuggestion(
  error: unknown,
  client: GcsClient,
  { bucket }: GcsConfig,
  { key, contentType }: ObjectSpec,
): Promise<unknown> {
  const hopeless = ['StorageDenied', 'NotSupported'];
  if (!(error instanceof TapedeckError && hopeless.includes(error.code))) return error;
  try {
    // Left alone a session is gone after a week, and it holds nothing.
    await client.send(startOfSession(client, bucket, { name: key, contentType }), {
      signal: AbortSignal.timeout(SUGGESTION_MS),
    });
  } catch {
    return error; // What was wrong in the first place is all there is to say.
  }
  const message = error.message.replace(/\.$/, ', or set spec.gcs.upload: Resumable, which works here.');
  return new TapedeckError(error.code, message, { cause: error.cause });
}
