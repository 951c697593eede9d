import type { Capabilities } from '../../driver.ts';

/** A part is a range of a file, so nearly everything goes; links without a login there are none. */
export const sftpCapabilities: Capabilities = {
  minPartSize: 1,
  maxPartSize: Number.MAX_SAFE_INTEGER,
  maxParts: 10_000_000,
  equalParts: false,
  replaceParts: true,
  rewriteFirstPart: true,
  serverSideCopy: false,
  signUrls: false,
};
