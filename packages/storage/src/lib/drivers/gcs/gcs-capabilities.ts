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

/** A session takes these until its end: https://cloud.google.com/storage/docs/resumable-uploads */
export const sessionMultiple = 256 * 1024;

/** Of a resumable session, which is one stream; the limits of its parts are ours. */
export const gcsResumableCapabilities: Capabilities = {
  ...gcsCapabilities,
  minPartSize: sessionMultiple,
  sequence: { multiple: sessionMultiple },
  replaceParts: false,
  rewriteFirstPart: false,
};
