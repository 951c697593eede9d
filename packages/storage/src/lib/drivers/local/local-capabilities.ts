import type { Capabilities } from '../../driver.ts';

export const localCapabilities: Capabilities = {
  minPartSize: 1,
  maxPartSize: Number.MAX_SAFE_INTEGER,
  maxParts: 10_000_000,
  equalParts: false,
  replaceParts: true,
  rewriteFirstPart: true,
  serverSideCopy: false,
  signUrls: false,
};
