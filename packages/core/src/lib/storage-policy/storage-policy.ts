import type { ExternalStorageSpec, Provider } from '../external-storage.ts';
import { azureBlobPolicy } from './policy-azure-blob.ts';
import { digitalOceanPolicy } from './policy-digital-ocean.ts';
import { gcsPolicy } from './policy-gcs.ts';
import { localPolicy } from './policy-local.ts';
import type { PolicyIdentity, PolicyRequest, StoragePolicy } from './policy-request.ts';
import { s3Policy } from './policy-s3.ts';
import { sftpPolicy } from './policy-sftp.ts';

const policies: Readonly<Record<Provider, (request: PolicyRequest) => StoragePolicy>> = {
  S3: s3Policy,
  DigitalOcean: digitalOceanPolicy,
  AzureBlob: azureBlobPolicy,
  GCS: gcsPolicy,
  SFTP: sftpPolicy,
  Local: localPolicy,
};

/**
 * The least rights with which recordings can go to a storage, in the words of its provider, and those that were asked for
 * beside them. Throws `NotSupported` for an identity that the provider does not know.
 */
export function storagePolicy(request: PolicyRequest): StoragePolicy {
  return policies[request.spec.provider](request);
}

/** How a storage's spec says that the recorder makes itself known. */
export function policyIdentity({ credentials, s3 }: ExternalStorageSpec): PolicyIdentity {
  if (s3?.assumeRole !== undefined) return 'assume-role';
  if (credentials?.serviceAccountName !== undefined) return 'service-account';
  return credentials?.secretRef === undefined ? 'keyless' : 'keys';
}
