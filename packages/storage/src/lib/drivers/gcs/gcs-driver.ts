import { TapedeckError } from '@tapedeck/core';
import type { Driver } from '../../driver.ts';
import type { DriverConfig } from '../drivers.ts';
import { gcsCapabilities } from './gcs-capabilities.ts';
import { createGcsClient } from './gcs-client.ts';
import { type GcsConfig, type GcsIdentity, readGcsConfig } from './gcs-config.ts';
import { openHmacDriver } from './gcs-hmac.ts';
import { createMultipartUploads } from './gcs-multipart.ts';
import { createObjectCalls } from './gcs-objects.ts';

/**
 * Google Cloud Storage, by the XML API's multipart uploads. While an upload is open the bucket shows nothing under the key,
 * but keeps the parts (and bills them) until it is completed or aborted: give the bucket a lifecycle rule with
 * AbortIncompleteMultipartUpload. Writing needs storage.objects.create and storage.multipartUploads.create, which
 * roles/storage.objectCreator has; storage.multipartUploads.listParts, of the same role, lets a crashed upload be
 * completed up to its very last part.
 */
export async function createGcsDriver({ spec, credentials }: DriverConfig): Promise<Driver> {
  const config = readGcsConfig(spec, credentials);
  const { identity } = config;
  if (identity.type === 'Hmac') return openHmacDriver(config, identity);
  if (config.upload === 'Resumable') {
    throw new TapedeckError('NotSupported', 'This version knows spec.gcs.upload: Multipart only.');
  }
  return openGcsDriver(config, identity);
}

function openGcsDriver(config: GcsConfig, identity: Exclude<GcsIdentity, { type: 'Hmac' }>): Driver {
  const client = createGcsClient(config, identity);
  return {
    provider: 'GCS',
    capabilities: gcsCapabilities,
    endpoint: config.endpoint,
    url: client.url,
    ...createMultipartUploads(client, config.bucket),
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
