import { TapedeckError } from '@tapedeck/core';
import type { Driver } from '../../driver.ts';
import { openS3Driver } from '../s3/s3-driver.ts';
import { gcsCapabilities } from './gcs-capabilities.ts';
import type { GcsConfig, GcsIdentity } from './gcs-config.ts';

/** What Google calls the rights behind the calls of S3: https://cloud.google.com/storage/docs/access-control/iam-xml */
const permissions: Readonly<Record<string, string>> = {
  's3:PutObject': 'storage.objects.create and storage.multipartUploads.create',
  's3:ListMultipartUploadParts': 'storage.multipartUploads.listParts',
  's3:AbortMultipartUpload': 'storage.multipartUploads.abort',
  's3:GetObject': 'storage.objects.get',
  's3:DeleteObject': 'storage.objects.delete',
  's3:ListBucket': 'storage.objects.list',
};

/**
 * With an HMAC key the XML API takes what S3's clients send
 * (https://cloud.google.com/storage/docs/interoperability). Its objects have no CRC-32, and its location is `auto`.
 */
export async function openHmacDriver(
  { bucket, endpoint }: GcsConfig,
  { accessKeyId, secretAccessKey }: Extract<GcsIdentity, { type: 'Hmac' }>,
): Promise<Driver> {
  const driver = await openS3Driver('GCS', {
    bucket,
    endpoint,
    region: 'auto',
    forcePathStyle: true,
    equalParts: false,
    replaceParts: true,
    checksum: 'MD5',
    keys: { accessKeyId, secretAccessKey },
    assumeRole: undefined,
    object: {},
    objectLock: undefined,
    customerKey: undefined,
    words: { scheme: 'gs', permission: (action) => permissions[action] ?? action },
  });
  const noReplacing = (error: unknown): never => {
    throw isReplacingDenied(error) ? alreadyExists(error) : error;
  };
  return {
    ...driver,
    capabilities: gcsCapabilities,
    put: (...call) => driver.put(...call).catch(noReplacing),
    complete: (...call) => driver.complete(...call).catch(noReplacing),
    // Amazon's delete is content with what is not there; Google's is not.
    delete: (...call) =>
      driver.delete(...call).catch((error: unknown) => {
        if (!(error instanceof TapedeckError && error.code === 'NotFound')) throw error;
      }),
  };
}

/** Whoever may only create is refused the old object's deletion, and that is how we learn of it. */
function isReplacingDenied(error: unknown): error is TapedeckError {
  if (!(error instanceof TapedeckError && error.code === 'StorageDenied')) return false;
  const { cause } = error;
  const details: unknown = typeof cause === 'object' && cause !== null && Reflect.get(cause, 'Details');
  return `${error.message} ${String(details)}`.includes('storage.objects.delete');
}

function alreadyExists(cause: TapedeckError): TapedeckError {
  const message = cause.message.replace(
    /; allow .*/,
    '; there is an object of that name, and it may not be replaced.',
  );
  return new TapedeckError('AlreadyExists', message, { cause });
}
