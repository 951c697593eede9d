import type { Capabilities } from '../../driver.ts';

const MiB = 1024 * 1024;

/** Of the XML API's multipart uploads: https://cloud.google.com/storage/quotas#objects */
export const gcsCapabilities: Capabilities = {
  minPartSize: 5 * MiB,
  maxPartSize: 5 * 1024 * MiB,
  maxParts: 10_000,
  equalParts: false,
  replaceParts: true,
  rewriteFirstPart: true,
  // The service can (compose, rewrite); the driver has no call for it.
  serverSideCopy: false,
  signUrls: true,
};
