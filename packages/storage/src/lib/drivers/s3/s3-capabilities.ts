import type { Capabilities } from '../../driver.ts';
import type { S3Config } from './s3-config.ts';

const MiB = 1024 * 1024;

/** Amazon's limits, which the others share: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const s3Capabilities: Capabilities = {
  minPartSize: 5 * MiB,
  maxPartSize: 5 * 1024 * MiB,
  maxParts: 10_000,
  equalParts: false,
  replaceParts: true,
  rewriteFirstPart: true,
  // The service can (UploadPartCopy); the driver has no call for it.
  serverSideCopy: false,
  signUrls: true,
};

/** Of one storage: as its service is known, and as its spec says. */
export function capabilitiesOf({
  equalParts,
  replaceParts,
  customerKey,
}: Pick<S3Config, 'equalParts' | 'replaceParts' | 'customerKey'>): Capabilities {
  return {
    ...s3Capabilities,
    equalParts,
    replaceParts,
    rewriteFirstPart: replaceParts,
    // Whoever opens a link has no key to send along.
    signUrls: customerKey === undefined,
  };
}
