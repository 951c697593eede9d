import { type ExternalStorageSpec, type Provider, TapedeckError } from '@tapedeck/core';
import type { CredentialValues } from '../credentials.ts';
import type { Driver } from '../driver.ts';
import { refuseMisspeltCredentials } from './credential-names.ts';

export interface DriverConfig {
  readonly spec: ExternalStorageSpec;
  readonly credentials: CredentialValues;
  /** See `Driver.trustedHostKey`: no other key is taken where the first would be. */
  readonly trustedHostKey?: string;
}

/** Makes a driver; nothing is asked of the service yet. Rejects with `InvalidManifest` or `InvalidCredentials`. */
export type DriverFactory = (config: DriverConfig) => Promise<Driver>;

/** A service's SDK is loaded only where it is used: none of them is small. */
const loaders: Partial<Record<Provider, () => Promise<DriverFactory>>> = {
  Local: async () => (await import('./local/local-driver.ts')).createLocalDriver,
  AzureBlob: async () => (await import('./azure/azure-driver.ts')).createAzureDriver,
  GCS: async () => (await import('./gcs/gcs-driver.ts')).createGcsDriver,
  S3: async () => (await import('./s3/s3-driver.ts')).createS3Driver,
  DigitalOcean: async () => (await import('./s3/s3-driver.ts')).createSpacesDriver,
  SFTP: async () => (await import('./sftp/sftp-driver.ts')).createSftpDriver,
};

/** The driver of the provider that the spec names; `NotSupported` where this version has none. See `DriverFactory`. */
export async function createDriver(config: DriverConfig): Promise<Driver> {
  const load = loaders[config.spec.provider];
  if (load === undefined) {
    const known = Object.keys(loaders).join(', ');
    throw new TapedeckError(
      'NotSupported',
      `Storages of provider ${config.spec.provider} are not supported by this version; it knows ${known}.`,
    );
  }
  refuseMisspeltCredentials(config.spec.provider, config.credentials);
  const create = await load();
  return create(config);
}
