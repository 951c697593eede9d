import type { Capabilities } from '../../driver.ts';

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
