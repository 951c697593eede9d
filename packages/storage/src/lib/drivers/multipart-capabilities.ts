import type { Capabilities } from '../driver.ts';

const MiB = 1024 * 1024;

/**
 * Of S3's multipart uploads, wherever they are spoken; Google's XML API took the limits over with the calls:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html, https://cloud.google.com/storage/quotas#objects
 */
export const multipartCapabilities: Capabilities = {
  minPartSize: 5 * MiB,
  maxPartSize: 5 * 1024 * MiB,
  maxParts: 10_000,
  equalParts: false,
  replaceParts: true,
  rewriteFirstPart: true,
  // The services can (UploadPartCopy; compose and rewrite); the drivers have no call for it.
  serverSideCopy: false,
  signUrls: true,
};
